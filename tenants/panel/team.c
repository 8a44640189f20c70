/* team: the users of a store, as its owner sees and changes them. */
#include "panel/panel.h"

#include "caller.h"
#include "json.h"
#include "user_page.h"

static void with_reason(struct req *rq, const char *function);
static uint8_t *user_param(struct req *rq);

void team_list(struct req *rq)
{
    user_page(rq, "team_list");
}

void team_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "team_read", ARGS(db_uuid(user_param(rq))), reply_row);
}

void team_lock(struct req *rq)
{
    with_reason(rq, "team_lock");
}

void team_unlock(struct req *rq)
{
    with_reason(rq, "team_unlock");
}

void team_reset(struct req *rq)
{
    with_reason(rq, "team_reset");
}

void team_sessions_end(struct req *rq)
{
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, "team_sessions_end", ARGS(db_uuid(user_param(rq))), reply_row);
}

static void with_reason(struct req *rq, const char *function)
{
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    if (!json_done(rq))
        return;
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, function, ARGS(db_uuid(user_param(rq)), db_text(reason)), reply_row);
}

static uint8_t *user_param(struct req *rq)
{
    uint8_t *user = req_alloc(rq, 16);
    caller_param(rq, 0, "user", user);
    return user;
}
