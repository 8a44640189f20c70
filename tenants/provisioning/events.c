/* events: a store's audit trail, as the platform reads it. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "event_page.h"

void event_list(struct req *rq)
{
    const struct db_args *args = event_page(rq, 0);
    if (args)
        db_call(rq, DB_SLOW, &caller_of(rq)->enter, "event_list", args, reply_row);
}
