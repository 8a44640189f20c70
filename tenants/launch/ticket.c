/* ticket: the way in by a single-use ticket of 256 random bits, fetched by the store's backend, posted by the browser.
 */
#include "launch/launch.h"
#include "launch/vouched.h"

#include "caller.h"
#include "cookies.h"
#include "email.h"
#include "hosts.h"
#include "json.h"
#include "locales.h"
#include "origin.h"
#include "secret.h"
#include "text.h"

#define TICKET_BYTES 32
#define TICKET 43 /* base64url of them */

struct create {
    uint8_t id[16];
    uint8_t user[16]; /* for a user who is new */
    char ticket[TICKET + 1];
    uint8_t hash[CRYPT_MAC];
    struct secret sealed;
    char return_origin[ORIGIN_TEXT];
};

struct redeem {
    uint8_t id[16];
    uint8_t secret[COOKIES_SECRET];
    uint8_t hash[CRYPT_MAC];
};

static step launch_create_then, launch_redeem_then;
static void draw(struct req *rq, struct create *create);
static void redirect(struct req *rq, const char *where);

void launch_create(struct req *rq)
{
    struct create *create = rq->state = req_alloc(rq, sizeof(*create));
    const char *external_id = json_need_text(rq, "/user/external_id", 1, VOUCHED_EXTERNAL_ID);
    const char *email = json_may_text(rq, "/user/email", VOUCHED_EMAIL_LEAST, VOUCHED_EMAIL);
    const char *name = json_need_text(rq, "/user/name", 1, VOUCHED_NAME);
    const char *role = json_need_word(rq, "/user/role", ROLES);
    const char *locale = json_may_word(rq, "/user/locale", LOCALES);
    const char *destination = json_may_word(rq, "/destination", DESTINATIONS);
    const char *return_url = json_may_text(rq, "/return_url", 1, VOUCHED_RETURN_URL);
    if (email && !email_is(email))
        json_bad(rq, "/user/email", "invalid");
    if (return_url && !origin_of(return_url, create->return_origin))
        json_bad(rq, "/return_url", "invalid");
    if (!json_done(rq))
        return;

    draw(rq, create);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_create",
            ARGS(db_uuid(create->id), db_uuid(create->user), db_bytes(create->hash, CRYPT_MAC), db_text(external_id),
                 db_text(email), db_text(name), db_text(role), db_text(locale),
                 db_text(destination ? destination : DESTINATIONS[0]), db_text(return_url),
                 db_text(return_url ? create->return_origin : NULL), secret_arg(&create->sealed),
                 db_text(hosts_launch_template())),
            launch_create_then);
}

static void draw(struct req *rq, struct create *create)
{
    uint8_t bytes[TICKET_BYTES];
    req_secret(rq, create, sizeof(*create));
    text_uuid7(create->id);
    text_uuid7(create->user);
    crypt_random(bytes, sizeof(bytes));
    text_base64url(bytes, sizeof(bytes), create->ticket);
    crypt_hash(create->ticket, TICKET, create->hash);
    secret_seal(&create->sealed, caller_of(rq)->tenant, "launches.ticket", create->id, create->ticket);
    crypt_wipe(bytes, sizeof(bytes));
}

static void launch_create_then(struct req *rq)
{
    secret_reply(rq, caller_of(rq)->tenant, "launches.ticket", "launch", "ticket");
}

void launch_revoke(struct req *rq)
{
    uint8_t *launch = req_alloc(rq, 16);
    caller_param(rq, 0, "launch", launch);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_revoke", ARGS(db_uuid(launch)), reply_row);
}

/* A form post from the store's page, so no Origin of ours and no cookie. A ticket that is no good leads to a page that
 * says so. */
void launch_redeem(struct req *rq)
{
    struct redeem *redeem = rq->state = req_alloc(rq, sizeof(*redeem));
    const char *ticket = req_form(rq, "ticket");
    uint8_t bytes[TICKET_BYTES];
    if (!ticket || strlen(ticket) != TICKET || !text_unbase64url(ticket, TICKET, bytes, sizeof(bytes))) {
        redirect(rq, "/?problem=launch_expired");
        return;
    }
    crypt_wipe(bytes, sizeof(bytes));
    req_secret(rq, redeem, sizeof(*redeem));
    text_uuid7(redeem->id);
    crypt_random(redeem->secret, sizeof(redeem->secret));
    crypt_hash(ticket, TICKET, redeem->hash);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_redeem",
            ARGS(db_bytes(redeem->hash, CRYPT_MAC), db_uuid(redeem->id), db_bytes(redeem->secret, COOKIES_SECRET),
                 db_text(cookies_browser(rq))),
            launch_redeem_then);
}

/* Only the ticket knew tenant and user; the cookie carries both. */
static void launch_redeem_then(struct req *rq)
{
    struct redeem *redeem = rq->state;
    uint8_t token[COOKIES_TOKEN];
    json_t *body = db_row(rq)->status == 200 ? db_body(rq) : NULL;
    const char *tenant = json_string_value(json_object_get(body, "tenant_id"));
    const char *user = json_string_value(json_object_get(body, "user_id"));
    if (!tenant || !user || !text_unuuid(tenant, token) || !text_unuuid(user, token + 16)) {
        redirect(rq, "/?problem=launch_expired");
        return;
    }
    memcpy(token + 32, redeem->secret, COOKIES_SECRET);
    cookies_set_session(rq, token);
    crypt_wipe(token, sizeof(token));
    redirect(rq, "/");
}

static void redirect(struct req *rq, const char *where)
{
    req_set_header(rq, "Location", where);
    req_reply_empty(rq, 303);
}
