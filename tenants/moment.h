/* moment: points in time as the API writes them: RFC 3339, UTC. Pure. */
#ifndef TENANTS_MOMENT_H
#define TENANTS_MOMENT_H

#include "common.h"

/* "2026-11-22T05:00:00Z", with 1 to 6 digits of a fraction if need be (what is finer than a millisecond is cut off), years 2000 to 2099; to ms since 1970. False:
 * untouched. */
bool moment_read(const char *text, int64_t *ret_ms) MUST_USE;

#endif
