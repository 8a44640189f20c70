/* ledger: a store's ledger, line by line; chain.h says how its chain is verified. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"

void ledger_list(struct req *rq)
{
    int64_t limit, after;
    if (!json_page_numbered(rq, &limit, &after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "ledger_list", ARGS(db_int(limit), db_int(after)), reply_row);
}
