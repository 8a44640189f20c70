/* proof: codes of every kind, made comparable. */
#include "panel/proof.h"

#include "caller.h"
#include "factors/backup_code.h"
#include "factors/totp.h"
#include "json.h"
#include "log.h"
#include "text.h"

#define FIELD_MOST 32 /* characters; what is longer is no code */

static struct proof *read_field(struct req *rq, const char *purpose, bool only_texted);
static void compute(const struct caller *caller, const char *purpose, struct proof *proof);

struct proof *proof_read(struct req *rq, const char *purpose)
{
    return read_field(rq, purpose, false);
}

struct proof *proof_read_texted(struct req *rq, const char *purpose)
{
    return read_field(rq, purpose, true);
}

static struct proof *read_field(struct req *rq, const char *purpose, bool only_texted)
{
    struct proof *proof = req_alloc(rq, sizeof(*proof));
    req_secret(rq, proof, sizeof(*proof));
    const char *code = json_need_text(rq, "/code", 1, FIELD_MOST);
    const char *challenge = only_texted ? json_need_text(rq, "/challenge", 1, TEXT_TYPEID)
                                        : json_may_text(rq, "/challenge", 1, TEXT_TYPEID);

    proof->shape = code ? code_read(code, proof->code) : CODE_MALFORMED;
    if (code && (proof->shape == CODE_MALFORMED || (only_texted && proof->shape != CODE_SIX_DIGITS)))
        json_bad(rq, "/code", "invalid");
    proof->has_challenge = challenge && text_untypeid("challenge", challenge, proof->challenge);
    if (challenge && !proof->has_challenge)
        json_bad(rq, "/challenge", "invalid");
    compute(caller_of(rq), purpose, proof);
    return proof;
}

static void compute(const struct caller *caller, const char *purpose, struct proof *proof)
{
    const int versions[] = {crypt_version(), crypt_version_before()};
    for (size_t i = 0; i < LEN(versions) && versions[i]; i++) {
        if (proof->shape == CODE_SIX_DIGITS && proof->has_challenge)
            code_mac(versions[i], caller->tenant, proof->challenge, caller->user, purpose, proof->code, proof->mac[i]);
        if (proof->shape == CODE_BACKUP)
            backup_code_mac(versions[i], caller->tenant, caller->user, proof->code, proof->backup[i]);
    }
}

struct db_arg proof_challenge(const struct proof *proof)
{
    return db_uuid(proof->has_challenge ? proof->challenge : NULL);
}

struct db_arg proof_mac(const struct proof *proof, int which)
{
    bool there = proof->shape == CODE_SIX_DIGITS && proof->has_challenge && (which == 0 || crypt_version_before());
    return db_bytes(there ? proof->mac[which] : NULL, CRYPT_MAC);
}

struct db_arg proof_backup(const struct proof *proof, int which)
{
    bool there = proof->shape == CODE_BACKUP && (which == 0 || crypt_version_before());
    return db_bytes(there ? proof->backup[which] : NULL, CRYPT_MAC);
}

bool proof_is_question(const struct db_row *row)
{
    return row->status == 102 && row->code && strcmp(row->code, "totp_check") == 0;
}

struct db_arg proof_answer(struct req *rq, const char *code, uint8_t *authenticator)
{
    const struct db_row *row = db_row(rq);
    const char *id = json_string_value(json_object_get(db_body(rq), "authenticator_id"));
    uint8_t secret[TOTP_SECRET + CRYPT_SEAL_EXTRA];
    size_t len = 0;
    if (!id || !text_unuuid(id, authenticator))
        die("totp_check without an authenticator's id");
    bool opened =
        row->sealed_len == sizeof(secret) && crypt_open(caller_of(rq)->tenant, "authenticators.secret", authenticator,
                                                        row->sealed, row->sealed_len, secret, &len);
    if (!opened || len != TOTP_SECRET) {
        log_event(LOG_ERROR, rq, "authenticator_unreadable", L_TEXT("authenticator", id));
        return db_null_int();
    }
    int64_t matched = totp_match(secret, code, text_now_ms() / 1000);
    crypt_wipe(secret, sizeof(secret));
    return matched == TOTP_NO_STEP ? db_null_int() : db_int(matched);
}
