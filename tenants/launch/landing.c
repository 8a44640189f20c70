/* landing: the browser arrives from the store's page, by ticket or by token, and goes on to the panel with a launched session.
 *
 * A form post from another site, so no Origin of ours and no cookie. Whatever is wrong leads to the same page; what it was, only the
 * log says, and the audit trail when the store itself had signed it.
 */
#include "launch/launch.h"

#include "caller.h"
#include "cookies.h"
#include "launch/jwks.h"
#include "launch/token.h"
#include "launch/vouched.h"
#include "log.h"
#include "secret.h"
#include "text.h"

struct landing {
    uint8_t session[16];
    uint8_t secret[COOKIES_SECRET];
    uint8_t ticket_hash[CRYPT_MAC];
    struct launch_token token;
    struct token_claims claims;
    uint8_t launch_key[16];
    uint8_t user[16]; /* for a user who is new */
};

static void redeem_ticket(struct req *rq, const char *ticket);
static void redeem_token(struct req *rq, const char *text);
static step launch_redeem_key, launch_redeem_refresh, launch_redeem_refused, launch_redeem_then;
static const char *verify(struct req *rq, struct landing *landing);
static bool open_secret(const struct db_row *row, const uint8_t *tenant, const uint8_t *launch_key,
                        uint8_t ret[static SECRET_TEXT], size_t *ret_len);
static void redeem_claims(struct req *rq);
static void refuse(struct req *rq, const char *why);
static void redirect(struct req *rq, const char *where);

void launch_redeem(struct req *rq)
{
    struct landing *landing = rq->state = req_alloc(rq, sizeof(*landing));
    const char *ticket = req_form(rq, "ticket"), *token = req_form(rq, "token");
    req_secret(rq, landing, sizeof(*landing));
    text_uuid7(landing->session);
    crypt_random(landing->secret, sizeof(landing->secret));
    if (ticket && !token)
        redeem_ticket(rq, ticket);
    else if (token && !ticket)
        redeem_token(rq, token);
    else
        refuse(rq, "form");
}

static void redeem_ticket(struct req *rq, const char *ticket)
{
    struct landing *landing = rq->state;
    uint8_t bytes[LAUNCH_TICKET_BYTES];
    if (strlen(ticket) != LAUNCH_TICKET || !text_unbase64url(ticket, LAUNCH_TICKET, bytes, sizeof(bytes))) {
        refuse(rq, "ticket");
        return;
    }
    crypt_wipe(bytes, sizeof(bytes));
    crypt_hash(ticket, LAUNCH_TICKET, landing->ticket_hash);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_redeem",
            ARGS(db_bytes(landing->ticket_hash, CRYPT_MAC), db_uuid(landing->session),
                 db_bytes(landing->secret, COOKIES_SECRET), db_text(cookies_browser(rq))),
            launch_redeem_then);
}

static void redeem_token(struct req *rq, const char *text)
{
    struct landing *landing = rq->state;
    const char *why = token_open(req_copy(rq, text, strlen(text)), &landing->token);
    if (why) {
        refuse(rq, why);
        return;
    }
    db_call(rq, DB_READ, &caller_of(rq)->enter, "launch_key_find", ARGS(db_text(landing->token.kid)),
            launch_redeem_key);
}

/* The key is there, or not; then everything that needs no database. */
static void launch_redeem_key(struct req *rq)
{
    struct landing *landing = rq->state;
    const char *why = json_string_value(json_object_get(db_body(rq), "why"));
    if (why) {
        if (json_is_true(json_object_get(db_body(rq), "refresh")))
            db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_key_refresh", ARGS(), launch_redeem_refresh);
        else
            refuse(rq, why);
        return;
    }
    why = verify(rq, landing);
    if (why) {
        refuse(rq, why);
        return;
    }
    const struct token_place place = {json_string_value(json_object_get(db_body(rq), "tenant")), caller_of(rq)->slug,
                                      json_integer_value(json_object_get(db_body(rq), "now"))};
    why = token_claims(&landing->token, &place, &landing->claims);
    if (!why) {
        req_defer_json(rq, landing->claims.json);
        redeem_claims(rq);
        return;
    }
    log_event(LOG_INFO, rq, "launch_refused", L_TEXT("why", why), L_TEXT("kid", landing->token.kid));
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_token_refuse",
            ARGS(db_uuid(landing->launch_key), db_text(why)), launch_redeem_refused);
}

/* Why the key that was found did not sign this token; NULL when it did. */
static const char *verify(struct req *rq, struct landing *landing)
{
    const json_t *body = db_body(rq);
    const char *id = json_string_value(json_object_get(body, "launch_key"));
    const char *tenant = json_string_value(json_object_get(body, "tenant_id"));
    const char *hex = json_string_value(json_object_get(body, "public_key"));
    uint8_t key[PUBLIC_KEY_DER], tenant_id[16];
    size_t len = hex ? strlen(hex) / 2 : 0;
    enum algorithm algorithm;
    bool known = algorithm_of(json_string_value(json_object_get(body, "algorithm")), &algorithm) && id && tenant &&
                 text_unuuid(id, landing->launch_key) && text_unuuid(tenant, tenant_id);
    if (known && algorithm == ALGORITHM_HS256)
        known = open_secret(db_row(rq), tenant_id, landing->launch_key, key, &len);
    else
        known = known && len && len <= sizeof(key) && text_unhex(hex, key, len);
    const char *why = known ? token_verify(&landing->token, algorithm, key, len) : "key_unreadable";
    crypt_wipe(key, sizeof(key));
    return why;
}

/* HS256's shared secret is kept as the store knows it: base64url. */
static bool open_secret(const struct db_row *row, const uint8_t *tenant, const uint8_t *launch_key,
                        uint8_t ret[static SECRET_TEXT], size_t *ret_len)
{
    char text[SECRET_TEXT + CRYPT_SEAL_EXTRA];
    size_t len = 0;
    bool good = row->sealed && row->sealed_len <= sizeof(text) &&
                crypt_open(tenant, LAUNCH_KEY_SECRET, launch_key, row->sealed, row->sealed_len, text, &len) &&
                text_unbase64url(text, len, ret, len * 3 / 4);
    crypt_wipe(text, sizeof(text));
    if (good)
        *ret_len = len * 3 / 4;
    return good;
}

static void redeem_claims(struct req *rq)
{
    struct landing *landing = rq->state;
    const struct token_claims *claims = &landing->claims;
    text_uuid7(landing->user);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_token_redeem",
            ARGS(db_uuid(landing->launch_key), db_bytes(claims->jti_hash, CRYPT_MAC),
                 db_int(claims->expires_at + TOKEN_SKEW), db_uuid(landing->user), db_text(claims->external_id),
                 db_text(claims->email), db_text(claims->name), db_text(claims->role), db_text(claims->locale),
                 db_text(claims->destination ? claims->destination : DESTINATIONS[0]), db_text(claims->return_url),
                 db_text(claims->return_url ? claims->return_origin : NULL), db_uuid(landing->session),
                 db_bytes(landing->secret, COOKIES_SECRET), db_text(cookies_browser(rq))),
            launch_redeem_then);
}

/* Only ticket or token knew the user; the cookie carries tenant and user. */
static void launch_redeem_then(struct req *rq)
{
    struct landing *landing = rq->state;
    uint8_t token[COOKIES_TOKEN];
    const char *why = json_string_value(json_object_get(db_body(rq), "why"));
    json_t *body = db_row(rq)->status == 200 ? db_body(rq) : NULL;
    const char *tenant = json_string_value(json_object_get(body, "tenant_id"));
    const char *user = json_string_value(json_object_get(body, "user_id"));
    if (!tenant || !user || !text_unuuid(tenant, token) || !text_unuuid(user, token + 16)) {
        refuse(rq, why ? why : "ticket_spent");
        return;
    }
    memcpy(token + 32, landing->secret, COOKIES_SECRET);
    cookies_set_session(rq, token);
    crypt_wipe(token, sizeof(token));
    redirect(rq, "/");
}

/* The token is refused all the same: the next one will find the key. */
static void launch_redeem_refresh(struct req *rq)
{
    jwks_poke();
    refuse(rq, "key_unknown");
}

static void launch_redeem_refused(struct req *rq)
{
    redirect(rq, LAUNCH_REFUSED);
}

static void refuse(struct req *rq, const char *why)
{
    const struct landing *landing = rq->state;
    log_event(LOG_INFO, rq, "launch_refused", L_TEXT("why", why), L_TEXT("kid", landing->token.kid));
    redirect(rq, LAUNCH_REFUSED);
}

static void redirect(struct req *rq, const char *where)
{
    req_set_header(rq, "Location", where);
    req_reply_empty(rq, 303);
}
