/* users: the admins of a store, as the platform sees and changes them. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "user_page.h"

static uint8_t *user_param(struct req *rq);

void user_list(struct req *rq)
{
    user_page(rq, "user_list");
}

void user_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "user_read", ARGS(db_uuid(user_param(rq))), reply_row);
}

static uint8_t *user_param(struct req *rq)
{
    uint8_t *user = req_alloc(rq, 16);
    caller_param(rq, 1, "user", user);
    return user;
}
