/* ledger_chain: text, hash, order. */
#include "ledger_chain.h"

#include "text.h"

static bool hash_member(json_t *line, const char *name, uint8_t ret[static CRYPT_MAC]);

void ledger_chain_start(struct ledger_chain *chain, const char *tenant)
{
    char root[160];
    memset(chain, 0, sizeof(*chain));
    if (!tenant)
        return;
    int len = snprintf(root, sizeof(root), "tillgate ledger 1|%s", tenant);
    if (len < (int)sizeof(root)) {
        crypt_hash(root, (size_t)len, chain->hash);
        chain->begun = true;
    }
}

const char *ledger_chain_take(struct ledger_chain *chain, json_t *line)
{
    uint8_t prev[CRYPT_MAC], hash[CRYPT_MAC], computed[CRYPT_MAC];
    uint8_t bytes[CRYPT_MAC + LEDGER_TEXT];
    char *text = (char *)bytes + CRYPT_MAC;
    if (!ledger_chain_text(line, text) || !hash_member(line, "prev_hash", prev) || !hash_member(line, "hash", hash))
        return "it is not a line of a ledger";
    int64_t number = json_integer_value(json_object_get(line, "line"));
    if (chain->begun && number != chain->line + 1)
        return number > chain->line ? "lines before it are missing" : "it is out of order";
    if (chain->begun && memcmp(prev, chain->hash, CRYPT_MAC) != 0)
        return "it does not follow from the line before";
    memcpy(bytes, prev, CRYPT_MAC);
    crypt_hash(bytes, CRYPT_MAC + strlen(text), computed);
    if (memcmp(computed, hash, CRYPT_MAC) != 0)
        return "it was altered";
    *chain = (struct ledger_chain){.line = number, .begun = true};
    memcpy(chain->hash, hash, CRYPT_MAC);
    return NULL;
}

bool ledger_chain_text(json_t *line, char out[static LEDGER_TEXT])
{
    static const char *const names[] = {"at", "send", "kind", "country", "purpose"};
    const char *texts[LEN(names)];
    json_t *number = json_object_get(line, "line"), *micros = json_object_get(line, "micros");
    for (size_t i = 0; i < LEN(names); i++) {
        texts[i] = json_string_value(json_object_get(line, names[i]));
        if (!texts[i] || strchr(texts[i], '|'))
            return false;
    }
    if (!json_is_integer(number) || !json_is_integer(micros) || json_integer_value(number) < 1)
        return false;
    int len = snprintf(out, LEDGER_TEXT, "%lld|%s|%s|%s|%lld|%s|%s", (long long)json_integer_value(number), texts[0],
                       texts[1], texts[2], (long long)json_integer_value(micros), texts[3], texts[4]);
    return len > 0 && len < LEDGER_TEXT;
}

static bool hash_member(json_t *line, const char *name, uint8_t ret[static CRYPT_MAC])
{
    const char *hex = json_string_value(json_object_get(line, name));
    return hex && text_unhex(hex, ret, CRYPT_MAC);
}
