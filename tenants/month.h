/* month: the query parameter that names a calendar month, "2026-11", in UTC. */
#ifndef TENANTS_MONTH_H
#define TENANTS_MONTH_H

#include "req.h"

/* False after a reply: the value is no month, or there are other parameters. *ret_month is NULL when there is none: SQL
 * takes the month under way, and refuses one that has not begun. */
bool month_query(struct req *rq, const char **ret_month) MUST_USE;

bool month_is(const char *text); /* "YYYY-MM", from 2020-01 to 2099-12 */

#endif
