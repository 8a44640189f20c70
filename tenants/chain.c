/* chain: text, hash, order. */
#include "chain.h"

#include "log.h"
#include "text.h"

static const char *ledger_text(json_t *line, char **ret_text);
static const char *event_text(json_t *line, char **ret_text);
static const char *person_matches(json_t *line);
static bool hash_member(json_t *line, const char *name, uint8_t ret[static CRYPT_MAC]);
static const char *field(json_t *line, const char *name, bool may_be_null);
static bool put_jsonb(FILE *out, json_t *value);

static const char NO_LINE[] = "it is not a line of this chain";

const struct chain_kind CHAIN_LEDGER = {"ledger", "tillgate ledger 1|", ledger_text};
const struct chain_kind CHAIN_EVENTS = {"events", "tillgate events 1|", event_text};

void chain_start(struct chain *chain, const struct chain_kind *kind, const char *tenant, bool whole)
{
    char root[160];
    *chain = (struct chain){.kind = kind};
    if (!tenant)
        return;
    int len = snprintf(root, sizeof(root), "%s%s", kind->root, tenant);
    if (len < (int)sizeof(root)) {
        crypt_hash(root, (size_t)len, chain->hash);
        chain->rooted = true;
        chain->begun = whole;
    }
}

const char *chain_take(struct chain *chain, json_t *line)
{
    uint8_t prev[CRYPT_MAC], hash[CRYPT_MAC], computed[CRYPT_MAC];
    char *text = NULL;
    int64_t number = json_integer_value(json_object_get(line, "line"));
    if (number < 1 || !hash_member(line, "prev_hash", prev) || !hash_member(line, "hash", hash))
        return NO_LINE;
    if (chain->begun && number != chain->line + 1)
        return number > chain->line ? "lines before it are missing" : "it is out of order";
    if ((chain->begun || (chain->rooted && number == 1)) && memcmp(prev, chain->hash, CRYPT_MAC) != 0)
        return "it does not follow from the line before";
    const char *wrong = chain->kind->text(line, &text);
    if (wrong)
        return wrong;
    size_t len = strlen(text);
    uint8_t *bytes = malloc(CRYPT_MAC + len);
    if (!bytes)
        die("out of memory");
    memcpy(bytes, prev, CRYPT_MAC);
    memcpy(bytes + CRYPT_MAC, text, len);
    crypt_hash(bytes, CRYPT_MAC + len, computed);
    free(bytes);
    free(text);
    if (memcmp(computed, hash, CRYPT_MAC) != 0)
        return "it was altered";
    chain->line = number;
    chain->begun = true;
    memcpy(chain->hash, hash, CRYPT_MAC);
    return NULL;
}

/* ---- the two texts ---- */

static const char *ledger_text(json_t *line, char **ret_text)
{
    static const char *const names[] = {"at", "send", "kind", "country", "purpose"};
    const char *texts[LEN(names)];
    json_t *micros = json_object_get(line, "micros");
    for (size_t i = 0; i < LEN(names); i++) {
        texts[i] = field(line, names[i], false);
        if (!texts[i])
            return NO_LINE;
    }
    if (!json_is_integer(micros))
        return NO_LINE;
    int len =
        asprintf(ret_text, "%lld|%s|%s|%s|%lld|%s|%s", (long long)json_integer_value(json_object_get(line, "line")),
                 texts[0], texts[1], texts[2], (long long)json_integer_value(micros), texts[3], texts[4]);
    return len < 0 ? NO_LINE : NULL;
}

static const char *event_text(json_t *line, char **ret_text)
{
    static const char *const names[] = {"at", "id", "kind", "user", "actor", "caller", "request_id", "person_hash"};
    const char *texts[LEN(names)];
    json_t *detail = json_object_get(line, "detail");
    for (size_t i = 0; i < LEN(names); i++) {
        bool may_be_null =
            strcmp(names[i], "user") == 0 || strcmp(names[i], "actor") == 0 || strcmp(names[i], "person_hash") == 0;
        texts[i] = field(line, names[i], may_be_null);
        if (!texts[i])
            return NO_LINE;
    }
    const char *wrong = person_matches(line);
    if (wrong)
        return wrong;
    char *written = json_is_object(detail) ? chain_jsonb(detail) : json_is_null(detail) ? strdup("") : NULL;
    if (!written)
        return NO_LINE;
    int len = asprintf(ret_text, "%lld|%s|%s|%s|%s|%s|%s|%s|%s|%s",
                       (long long)json_integer_value(json_object_get(line, "line")), texts[0], texts[1], texts[2],
                       texts[3], texts[4], texts[5], texts[6], texts[7], written);
    free(written);
    return len < 0 ? NO_LINE : NULL;
}

/* What is personal must be what was hashed; it may be gone, because the user was erased. */
static const char *person_matches(json_t *line)
{
    static const char altered[] = "what is personal in it was altered";
    uint8_t bytes[16 + 65536], hash[CRYPT_MAC], computed[CRYPT_MAC];
    json_t *person = json_object_get(line, "person");
    const char *salt = json_string_value(json_object_get(line, "salt"));
    bool hashed = hash_member(line, "person_hash", hash);
    if (!json_is_object(person))
        return NULL;
    char *written = chain_jsonb(person);
    size_t len = written ? strlen(written) : 0;
    bool good = hashed && written && salt && text_unhex(salt, bytes, 16) && len <= sizeof(bytes) - 16;
    if (good) {
        memcpy(bytes + 16, written, len);
        crypt_hash(bytes, 16 + len, computed);
        good = memcmp(computed, hash, CRYPT_MAC) == 0;
    }
    free(written);
    return good ? NULL : altered;
}

static const char *field(json_t *line, const char *name, bool may_be_null)
{
    json_t *value = json_object_get(line, name);
    const char *text = json_is_null(value) && may_be_null ? "" : json_string_value(value);
    return text && !strchr(text, '|') ? text : NULL;
}

static bool hash_member(json_t *line, const char *name, uint8_t ret[static CRYPT_MAC])
{
    const char *hex = json_string_value(json_object_get(line, name));
    return hex && text_unhex(hex, ret, CRYPT_MAC);
}

/* ---- jsonb as text ---- */

char *chain_jsonb(json_t *value)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        die("out of memory");
    bool good = put_jsonb(out, value);
    if (fclose(out) != 0)
        die("out of memory");
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

static void put_text(FILE *out, const char *text)
{
    static const char named[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    putc('"', out);
    for (const char *at = text; *at; at++) {
        const char *escape = strchr(named, *at);
        if (escape)
            fprintf(out, "\\%c", names[escape - named]);
        else if ((unsigned char)*at < ' ')
            fprintf(out, "\\u%04x", *at);
        else
            putc(*at, out);
    }
    putc('"', out);
}

static int shorter_first(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t x_len = strlen(x), y_len = strlen(y);
    return x_len != y_len ? (x_len > y_len) - (x_len < y_len) : memcmp(x, y, x_len);
}

static bool put_object(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    bool good = true;
    const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
    if (!keys)
        die("out of memory");
    json_object_foreach(object, key, value) keys[count++] = key;
    qsort(keys, count, sizeof(*keys), shorter_first);
    putc('{', out);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        put_text(out, keys[i]);
        fputs(": ", out);
        good = put_jsonb(out, json_object_get(object, keys[i])) && good;
    }
    putc('}', out);
    free(keys);
    return good;
}

static bool put_array(FILE *out, json_t *array)
{
    size_t i;
    json_t *value;
    bool good = true;
    putc('[', out);
    json_array_foreach(array, i, value)
    {
        fputs(i ? ", " : "", out);
        good = put_jsonb(out, value) && good;
    }
    putc(']', out);
    return good;
}

static bool put_jsonb(FILE *out, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return put_object(out, value);
    case JSON_ARRAY:
        return put_array(out, value);
    case JSON_STRING:
        put_text(out, json_string_value(value));
        return true;
    case JSON_INTEGER:
        fprintf(out, "%lld", (long long)json_integer_value(value));
        return true;
    case JSON_REAL:
        return false;
    default:
        fputs(json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false", out);
        return true;
    }
}
