/* second_step: from launched to ready, and renewing a session's freshness. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"
#include "counts.h"
#include "json.h"
#include "panel/challenge.h"
#include "panel/proof.h"

struct verify {
    struct proof *proof;
    struct token *session;
    struct token *device; /* NULL: not to be remembered */
    const char *browser;
    uint8_t authenticator[16];
};

static step second_step_verify_then, second_step_verify_end, second_step_session_then;
static struct db_arg id_of(const struct token *token);
static struct db_arg hash_of(const struct token *token);

void second_step_send_code(struct req *rq)
{
    challenge_start(rq, "second_step_send_code", "sign_in");
}

void second_step_verify(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct verify *verify = rq->state = req_alloc(rq, sizeof(*verify));
    verify->proof = proof_read(rq, "sign_in");
    bool remember = json_may_bool(rq, "/remember_device", false);
    if (!json_done(rq))
        return;
    verify->session = cookies_draw(rq, caller->tenant, caller->user);
    verify->device = remember ? cookies_draw(rq, caller->tenant, caller->user) : NULL;
    verify->browser = cookies_browser(rq);
    db_call(rq, DB_WRITE, &caller->enter, "second_step_verify",
            ARGS(proof_challenge(verify->proof), proof_mac(verify->proof, 0), proof_mac(verify->proof, 1),
                 proof_backup(verify->proof, 0), proof_backup(verify->proof, 1),
                 db_bool(verify->proof->shape == CODE_SIX_DIGITS), db_uuid(verify->session->id),
                 db_bytes(verify->session->hash, CRYPT_MAC), id_of(verify->device), hash_of(verify->device),
                 db_text(verify->browser)),
            second_step_verify_then);
}

/* Neither texted nor backup code: SQL has counted the try and asks about the authenticator's code. */
static void second_step_verify_then(struct req *rq)
{
    struct verify *verify = rq->state;
    if (!proof_is_question(db_row(rq))) {
        second_step_verify_end(rq);
        return;
    }
    struct db_arg matched = proof_answer(rq, verify->proof->code, verify->authenticator);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "second_step_totp",
            ARGS(db_uuid(verify->authenticator), matched, db_uuid(verify->session->id),
                 db_bytes(verify->session->hash, CRYPT_MAC), id_of(verify->device), hash_of(verify->device),
                 db_text(verify->browser), proof_challenge(verify->proof)),
            second_step_verify_end);
}

static void second_step_verify_end(struct req *rq)
{
    struct verify *verify = rq->state;
    counts_verify(db_row(rq));
    if (db_row(rq)->status == 200) {
        cookies_set_session(rq, verify->session->bytes);
        if (verify->device)
            cookies_set_device(rq, verify->device->bytes);
    }
    reply_row(rq);
}

/* The second step of a browser that said "skip this for two weeks". */
void second_step_device(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    if (!json_done(rq))
        return;
    const uint8_t *device = cookies_device_hash(rq); /* NULL is a device that nobody trusts */
    struct token *session = rq->state = cookies_draw(rq, caller->tenant, caller->user);
    db_call(rq, DB_WRITE, &caller->enter, "second_step_device",
            ARGS(db_bytes(device, CRYPT_MAC), db_uuid(session->id), db_bytes(session->hash, CRYPT_MAC)),
            second_step_session_then);
}

/* Two people at the platform let this user in without it. */
void second_step_bypass(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    if (!json_done(rq))
        return;
    struct token *session = rq->state = cookies_draw(rq, caller->tenant, caller->user);
    db_call(rq, DB_WRITE, &caller->enter, "second_step_bypass",
            ARGS(db_uuid(session->id), db_bytes(session->hash, CRYPT_MAC)), second_step_session_then);
}

static void second_step_session_then(struct req *rq)
{
    struct token *session = rq->state;
    if (db_row(rq)->status == 200)
        cookies_set_session(rq, session->bytes);
    reply_row(rq);
}

static struct db_arg id_of(const struct token *token)
{
    return db_uuid(token ? token->id : NULL);
}

static struct db_arg hash_of(const struct token *token)
{
    return db_bytes(token ? token->hash : NULL, CRYPT_MAC);
}
