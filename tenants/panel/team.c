/* team: the users of a store, as its owner sees and changes them. */
#include "panel/panel.h"

#include "caller.h"
#include "user_page.h"

static uint8_t *user_param(struct req *rq);

void team_list(struct req *rq)
{
    user_page(rq, "team_list");
}

void team_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "team_read", ARGS(db_uuid(user_param(rq))), reply_row);
}

static uint8_t *user_param(struct req *rq)
{
    uint8_t *user = req_alloc(rq, 16);
    caller_param(rq, 0, "user", user);
    return user;
}
