/* jwks: fetches the key sets that stores publish, in the background: a quarter of an hour after the last time, and soon when a token
 * names a key that none of them has. A launch never waits for it.
 *
 * A set is a stranger's document behind a stranger's address: public addresses only, https, no redirects, 64 KiB, 5 s. When it
 * cannot be fetched or is not what it should be, the keys read before hold on for a day, and the platform sees why.
 */
#ifndef TENANTS_JWKS_H
#define TENANTS_JWKS_H

#include "common.h"

void jwks_start(void); /* once per worker */
void jwks_poke(void);  /* something is due now */

#endif
