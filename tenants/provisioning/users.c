/* users: the admins of a store, as the platform sees and changes them. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"
#include "locales.h"
#include "user_page.h"

/* What is done to a user by somebody else stands alone: it takes rows that the user's own calls take, too. */
static void with_reason(struct req *rq, const char *function);
static void plain(struct req *rq, const char *function);
static uint8_t *user_param(struct req *rq);

static const char *const ROLES[] = {"owner", "admin", "viewer", NULL};

void user_list(struct req *rq)
{
    user_page(rq, "user_list");
}

void user_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "user_read", ARGS(db_uuid(user_param(rq))), reply_row);
}

void user_change(struct req *rq)
{
    const char *if_match = req_header(rq, "if-match");
    const char *name = json_may_text(rq, "/name", 1, 80);
    const char *email = json_may_text(rq, "/email", 3, 254);
    const char *role = json_may_word(rq, "/role", ROLES);
    const char *locale = json_may_word(rq, "/locale", LOCALES);
    if (!if_match) {
        req_fail(rq, "precondition_required");
        return;
    }
    if (!json_object_size(rq->json))
        json_bad(rq, "", "required"); /* nothing to change */
    if (!json_done(rq))
        return;
    db_call(
        rq, DB_ALONE, &caller_of(rq)->enter, "user_change",
        ARGS(db_uuid(user_param(rq)), db_text(if_match), db_text(name), db_text(email), db_text(role), db_text(locale)),
        reply_row);
}

void user_lock(struct req *rq)
{
    with_reason(rq, "user_lock");
}

void user_unlock(struct req *rq)
{
    with_reason(rq, "user_unlock");
}

void user_reset(struct req *rq)
{
    with_reason(rq, "user_reset");
}

void user_remove(struct req *rq)
{
    plain(rq, "user_remove");
}

void user_sessions_end(struct req *rq)
{
    plain(rq, "user_sessions_end");
}

void user_devices_clear(struct req *rq)
{
    plain(rq, "user_devices_clear");
}

void bypass_request(struct req *rq)
{
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    const char *by = json_need_text(rq, "/by", 1, 80);
    int64_t hours = json_may_int(rq, "/hours", 1, 24, 0);
    if (!json_has(rq, "/hours"))
        json_bad(rq, "/hours", "required");
    if (!json_done(rq))
        return;
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, "bypass_request",
            ARGS(db_uuid(user_param(rq)), db_text(reason), db_text(by), db_int(hours)), reply_row);
}

void bypass_approve(struct req *rq)
{
    const char *by = json_need_text(rq, "/by", 1, 80);
    if (!json_done(rq))
        return;
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, "bypass_approve", ARGS(db_uuid(user_param(rq)), db_text(by)),
            reply_row);
}

void bypass_end(struct req *rq)
{
    plain(rq, "bypass_end");
}

static void with_reason(struct req *rq, const char *function)
{
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    if (!json_done(rq))
        return;
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, function, ARGS(db_uuid(user_param(rq)), db_text(reason)), reply_row);
}

static void plain(struct req *rq, const char *function)
{
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, function, ARGS(db_uuid(user_param(rq))), reply_row);
}

static uint8_t *user_param(struct req *rq)
{
    uint8_t *user = req_alloc(rq, 16);
    caller_param(rq, 1, "user", user);
    return user;
}
