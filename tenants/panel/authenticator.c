/* authenticator: setting up and removing an authenticator app. The secret is shown once; it counts only after a right
 * code. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"
#include "counts.h"
#include "factors/totp.h"
#include "json.h"
#include "panel/proof.h"
#include "text.h"

struct start {
    uint8_t id[16];
    uint8_t secret[TOTP_SECRET];
    uint8_t sealed[TOTP_SECRET + CRYPT_SEAL_EXTRA];
};

struct check {
    char code[CODE_READ];
    uint8_t authenticator[16];
    struct token *session;
};

static step authenticator_start_then, authenticator_check_then, authenticator_check_end;

void authenticator_start(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct start *start = rq->state = req_alloc(rq, sizeof(*start));
    req_secret(rq, start, sizeof(*start));
    if (!json_done(rq))
        return;
    text_uuid7(start->id);
    crypt_random(start->secret, TOTP_SECRET);
    size_t sealed =
        crypt_seal(caller->tenant, "authenticators.secret", start->id, start->secret, TOTP_SECRET, start->sealed);
    db_call(rq, DB_WRITE, &caller->enter, "authenticator_start",
            ARGS(db_uuid(start->id), db_bytes(start->sealed, sealed)), authenticator_start_then);
}

/* SQL knows the store's and the user's names; only here are they put beside the secret. */
static void authenticator_start_then(struct req *rq)
{
    struct start *start = rq->state;
    if (db_row(rq)->status != 201) {
        reply_row(rq);
        return;
    }
    char secret[TOTP_SECRET_TEXT], uri[TOTP_URI];
    json_t *body = db_body(rq);
    const char *store = json_string_value(json_object_get(body, "store"));
    const char *account = json_string_value(json_object_get(body, "account"));
    text_base32(start->secret, TOTP_SECRET, secret);
    totp_uri(store ? store : "Tillgate", account ? account : "", secret, uri);
    json_t *answer = json_pack("{s:s, s:s, s:O, s:O}", "secret", secret, "uri", uri, "server_time",
                               json_object_get(body, "server_time"), "expires_at", json_object_get(body, "expires_at"));
    crypt_wipe(secret, sizeof(secret));
    crypt_wipe(uri, sizeof(uri));
    req_reply_json(rq, 201, answer);
}

void authenticator_check(struct req *rq)
{
    struct check *check = rq->state = req_alloc(rq, sizeof(*check));
    const char *code = json_need_text(rq, "/code", 1, 32);
    req_secret(rq, check, sizeof(*check));
    if (code && code_read(code, check->code) != CODE_SIX_DIGITS)
        json_bad(rq, "/code", "invalid");
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "authenticator_check", ARGS(), authenticator_check_then);
}

static void authenticator_check_then(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct check *check = rq->state;
    if (!proof_is_question(db_row(rq))) {
        counts_verify(db_row(rq));
        reply_row(rq);
        return;
    }
    struct db_arg matched = proof_answer(rq, check->code, check->authenticator);
    check->session = cookies_draw(rq, caller->tenant, caller->user);
    db_call(rq, DB_WRITE, &caller->enter, "authenticator_activate",
            ARGS(db_uuid(check->authenticator), matched, db_uuid(check->session->id),
                 db_bytes(check->session->hash, CRYPT_MAC)),
            authenticator_check_end);
}

static void authenticator_check_end(struct req *rq)
{
    struct check *check = rq->state;
    counts_verify(db_row(rq));
    if (db_row(rq)->status == 200)
        cookies_set_session(rq, check->session->bytes);
    reply_row(rq);
}

void authenticator_remove(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "authenticator_remove", ARGS(), reply_row);
}
