/* usage: what a store's texts of one month came to, as JSON and as a file for charging them back. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "db.h"
#include "month.h"

static void month_of(struct req *rq, const char *function, step *next);
static step usage_csv_then;

void usage_read(struct req *rq)
{
    month_of(rq, "usage_read", reply_row);
}

void usage_csv(struct req *rq)
{
    month_of(rq, "usage_csv", usage_csv_then);
}

static void month_of(struct req *rq, const char *function, step *next)
{
    const char *month;
    if (!month_query(rq, &month))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, function, ARGS(db_text(month)), next);
}

static void usage_csv_then(struct req *rq)
{
    const char *csv = db_row(rq)->status == 200 ? json_string_value(json_object_get(db_body(rq), "csv")) : NULL;
    if (!csv) {
        reply_row(rq);
        return;
    }
    req_set_header(rq, "Content-Disposition", "attachment; filename=\"usage.csv\"");
    req_reply_text(rq, 200, "text/csv; charset=utf-8; header=present", csv, strlen(csv));
}
