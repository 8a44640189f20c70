/* ticket: a single-use ticket of 256 random bits, fetched by the store's backend; landing.c redeems it. */
#include "launch/launch.h"
#include "launch/vouched.h"

#include "caller.h"
#include "email.h"
#include "hosts.h"
#include "json.h"
#include "locales.h"
#include "origin.h"
#include "secret.h"
#include "text.h"

struct create {
    uint8_t id[16];
    uint8_t user[16]; /* for a user who is new */
    char ticket[LAUNCH_TICKET + 1];
    uint8_t hash[CRYPT_MAC];
    struct secret sealed;
    char return_origin[ORIGIN_TEXT];
};

static step launch_create_then;
static void draw(struct req *rq, struct create *create);

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
    uint8_t bytes[LAUNCH_TICKET_BYTES];
    req_secret(rq, create, sizeof(*create));
    text_uuid7(create->id);
    text_uuid7(create->user);
    crypt_random(bytes, sizeof(bytes));
    text_base64url(bytes, sizeof(bytes), create->ticket);
    crypt_hash(create->ticket, LAUNCH_TICKET, create->hash);
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
