/* keys: API keys of a store, made, listed and revoked by the platform. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"
#include "key_text.h"
#include "scopes.h"
#include "secret.h"
#include "text.h"

struct create {
    uint8_t id[16];
    struct key_text key;
    struct secret sealed;
};

/* A key in the place of another: which of the two texts it gets, only SQL knows. */
struct rotate {
    uint8_t id[16];
    struct {
        struct key_text key;
        struct secret sealed;
    } live, test;
};

#define GRACE_MOST 604800 /* seconds: a week */

static step key_create_then;

static const char *const MODES[] = {"live", "test", NULL};

void key_create(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct create *create = req_alloc(rq, sizeof(*create));
    const char *name = json_need_text(rq, "/name", 1, 80);
    const char *mode = json_may_word(rq, "/mode", MODES);
    json_t *scopes = json_may_texts(rq, "/scopes", 1, scopes_is_of_store);
    if (scopes && !json_array_size(scopes))
        json_bad(rq, "/scopes", "too_short");
    if (!mode)
        mode = caller->test ? "test" : "live";
    else if (caller->test && strcmp(mode, "test") != 0)
        json_bad(rq, "/mode", "invalid"); /* a test key never spends money, nor does one that it made */
    if (!json_done(rq))
        return;

    req_secret(rq, create, sizeof(*create));
    text_uuid7(create->id);
    key_text_draw(mode, caller->tenant, &create->key);
    secret_seal(&create->sealed, caller->tenant, "keys.secret", create->id, create->key.text);
    db_call(rq, DB_WRITE, &caller->enter, "key_create",
            ARGS(db_uuid(create->id), db_text(name), db_text(mode), db_json(rq, scopes),
                 db_bytes(create->key.hash, CRYPT_MAC), db_text(create->key.prefix), secret_arg(&create->sealed)),
            key_create_then);
}

static void key_create_then(struct req *rq)
{
    secret_reply(rq, caller_of(rq)->tenant, "keys.secret", "key", "secret");
}

void key_list(struct req *rq)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    if (!json_page(rq, "key", &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "key_list", ARGS(db_int(limit), db_uuid(has_after ? after : NULL)),
            reply_row);
}

void key_revoke(struct req *rq)
{
    uint8_t *key = req_alloc(rq, 16);
    caller_param(rq, 1, "key", key);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "key_revoke", ARGS(db_uuid(key)), reply_row);
}

void key_rotate(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct rotate *rotate = req_alloc(rq, sizeof(*rotate));
    uint8_t *old = req_alloc(rq, 16);
    int64_t grace = json_may_int(rq, "/grace_seconds", 0, GRACE_MOST, 0);
    if (!json_done(rq))
        return;

    req_secret(rq, rotate, sizeof(*rotate));
    caller_param(rq, 1, "key", old);
    text_uuid7(rotate->id);
    key_text_draw("live", caller->tenant, &rotate->live.key);
    key_text_draw("test", caller->tenant, &rotate->test.key);
    secret_seal(&rotate->live.sealed, caller->tenant, "keys.secret", rotate->id, rotate->live.key.text);
    secret_seal(&rotate->test.sealed, caller->tenant, "keys.secret", rotate->id, rotate->test.key.text);
    db_call(rq, DB_WRITE, &caller->enter, "key_rotate",
            ARGS(db_uuid(old), db_uuid(rotate->id), db_int(grace), db_bytes(rotate->live.key.hash, CRYPT_MAC),
                 db_text(rotate->live.key.prefix), secret_arg(&rotate->live.sealed),
                 db_bytes(rotate->test.key.hash, CRYPT_MAC), db_text(rotate->test.key.prefix),
                 secret_arg(&rotate->test.sealed)),
            key_create_then);
}
