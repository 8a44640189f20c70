/* texts: what a store's texts of one month came to, for its owner. */
#include "panel/panel.h"

#include "caller.h"
#include "db.h"
#include "month.h"

void texts_read(struct req *rq)
{
    const char *month;
    if (!month_query(rq, &month))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "texts_read", ARGS(db_text(month)), reply_row);
}
