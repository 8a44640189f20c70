/* phone: saving, verifying, changing and removing the number that codes are texted to. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"
#include "counts.h"
#include "factors/phone_number.h"
#include "json.h"
#include "panel/challenge.h"
#include "panel/proof.h"
#include "text.h"

/* The wording of the consent that stands beside the field in the panel; kept with each number as evidence (security.md
 * LAW-1). */
#define CONSENT_VERSION "2026-11"

struct save {
    struct phone_number number;
    uint8_t id[16];
    uint8_t sealed[PHONE_TEXT + CRYPT_SEAL_EXTRA];
    uint8_t tenant_index[CRYPT_MAC];
    uint8_t platform_index[CRYPT_MAC];
};

struct verify {
    struct proof *proof;
    struct token *session;
};

struct change {
    struct proof *proof;
    uint8_t authenticator[16];
};

static step phone_verify_then, phone_change_then, phone_change_end;
static const char *fault_of(const char *text, struct phone_number *ret);

void phone_save(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct save *save = req_alloc(rq, sizeof(*save));
    req_secret(rq, save, sizeof(*save));
    const char *text = json_need_text(rq, "/number", 1, 40);
    if (!json_has(rq, "/consent"))
        json_bad(rq, "/consent", "required");
    else if (!json_may_bool(rq, "/consent", true))
        json_bad(rq, "/consent", "invalid");
    if (!json_done(rq))
        return;
    const char *fault = fault_of(text, &save->number);
    if (fault) {
        req_fail_with(rq, fault, json_pack("{s:[{s:s, s:s}]}", "errors", "pointer", "/number", "code", "invalid"));
        return;
    }

    const char *number = save->number.e164;
    size_t len = strlen(number);
    text_uuid7(save->id);
    size_t sealed = crypt_seal(caller->tenant, "phones.number", save->id, number, len, save->sealed);
    /* Limits and STOP lists outlive a rotation, so an index stays with the first key. */
    crypt_mac(crypt_version_first(), caller->tenant, "phone-index", number, len, save->tenant_index);
    crypt_mac(crypt_version_first(), NULL, "phone-velocity", number, len, save->platform_index);
    db_call(rq, DB_WRITE, &caller->enter, "phone_save",
            ARGS(db_uuid(save->id), db_bytes(save->sealed, sealed), db_bytes(save->tenant_index, CRYPT_MAC),
                 db_bytes(save->platform_index, CRYPT_MAC), db_text(save->number.country),
                 db_text(phone_type_name(save->number.type)), db_text(save->number.range), db_text(save->number.hint),
                 db_text(CONSENT_VERSION)),
            reply_row);
}

/* Why this number cannot be taken, or NULL. */
static const char *fault_of(const char *text, struct phone_number *ret)
{
    if (!phone_read(text, ret))
        return "number_invalid";
    return phone_takes_texts(ret) ? NULL : "number_type_refused";
}

void phone_send_code(struct req *rq)
{
    challenge_start(rq, "phone_send_code", "phone_set_up");
}

void phone_verify(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct verify *verify = rq->state = req_alloc(rq, sizeof(*verify));
    verify->proof = proof_read_texted(rq, "phone_set_up");
    if (!json_done(rq))
        return;
    verify->session = cookies_draw(rq, caller->tenant, caller->user);
    db_call(rq, DB_WRITE, &caller->enter, "phone_verify",
            ARGS(proof_challenge(verify->proof), proof_mac(verify->proof, 0), proof_mac(verify->proof, 1),
                 db_uuid(verify->session->id), db_bytes(verify->session->hash, CRYPT_MAC)),
            phone_verify_then);
}

static void phone_verify_then(struct req *rq)
{
    struct verify *verify = rq->state;
    counts_verify(db_row(rq));
    if (db_row(rq)->status == 200)
        cookies_set_session(rq, verify->session->bytes);
    reply_row(rq);
}

void phone_change_send_code(struct req *rq)
{
    challenge_start(rq, "phone_change_send_code", "phone_change");
}

/* Proof by any method that the number may be changed. */
void phone_change(struct req *rq)
{
    struct change *change = rq->state = req_alloc(rq, sizeof(*change));
    change->proof = proof_read(rq, "phone_change");
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "phone_change",
            ARGS(proof_challenge(change->proof), proof_mac(change->proof, 0), proof_mac(change->proof, 1),
                 proof_backup(change->proof, 0), proof_backup(change->proof, 1),
                 db_bool(change->proof->shape == CODE_SIX_DIGITS)),
            phone_change_then);
}

static void phone_change_then(struct req *rq)
{
    struct change *change = rq->state;
    if (!proof_is_question(db_row(rq))) {
        phone_change_end(rq);
        return;
    }
    struct db_arg matched = proof_answer(rq, change->proof->code, change->authenticator);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "phone_change_totp",
            ARGS(db_uuid(change->authenticator), matched, proof_challenge(change->proof)), phone_change_end);
}

static void phone_change_end(struct req *rq)
{
    counts_verify(db_row(rq));
    reply_row(rq);
}

void phone_remove(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "phone_remove", ARGS(), reply_row);
}
