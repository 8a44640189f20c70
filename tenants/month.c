/* month: its shape. */
#include "month.h"

#include "json.h"

bool month_query(struct req *rq, const char **ret_month)
{
    const char *month = json_query(rq, "month");
    if (month && !month_is(month))
        json_bad(rq, "?month", "invalid");
    if (!json_done(rq))
        return false;
    *ret_month = month;
    return true;
}

bool month_is(const char *text)
{
    static const char digits[] = "0123456789";
    if (strlen(text) != 7 || text[4] != '-' || strspn(text, digits) != 4 || strspn(text + 5, digits) != 2)
        return false;
    long year = strtol(text, NULL, 10), month = strtol(text + 5, NULL, 10);
    return year >= 2020 && year <= 2099 && month >= 1 && month <= 12;
}
