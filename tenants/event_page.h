/* event_page: the query of the lists of events, the same for the platform and for a store's owner. */
#ifndef TENANTS_EVENT_PAGE_H
#define TENANTS_EVENT_PAGE_H

#include "db.h"

/* What the use cases take: limit, then the newest first below `below` and from `from` on, then filters. */
#define EVENT_PAGE_ARGS 6

/* Reads cursor, kind, user, since, until and q; `limit` too, unless it is given. Returns the arguments of the use case,
 * or NULL after a reply. */
struct db_args *event_page(struct req *rq, int64_t limit) MUST_USE;

/* A time as the API writes it, in ms since 1970; "2026-11-22T10:00:00Z", with up to three digits of a second's
 * fraction. False when it is none. */
bool event_time(const char *text, int64_t *ret_ms) MUST_USE;

#endif
