/* clock: does this machine's clock agree with the database's? What expires is decided by the database; authenticator codes and the times of signed messages by
 * this machine. */
#ifndef TENANTS_CLOCK_H
#define TENANTS_CLOCK_H

#include "common.h"

void clock_start(void); /* before the fork: the gauge */
/* The database said database_ms in a call that began, by our own clock, at began_ms and is over now. */
void clock_compare(long long began_ms, long long database_ms);

#endif
