/* erasure: everything that says who a user was, removed. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"

void user_erase(struct req *rq)
{
    uint8_t *user = req_alloc(rq, 16);
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    caller_param(rq, 1, "user", user);
    if (!json_done(rq))
        return;
    db_call(rq, DB_ALONE, &caller_of(rq)->enter, "user_erase", ARGS(db_uuid(user), db_text(reason)), reply_row);
}
