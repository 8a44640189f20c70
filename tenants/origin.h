/* origin: where a web address points to (RFC 6454): scheme, host and port, in one canonical spelling. Pure. */
#ifndef TENANTS_ORIGIN_H
#define TENANTS_ORIGIN_H

#include "common.h"

#define ORIGIN_TEXT 300 /* room for any origin: scheme, 253 bytes of host, port */

/* The origin of an absolute https address (http only on localhost), lower case, without the scheme's own port. Refuses
 * user names, control characters, backslashes, blanks, anything that browsers and we might read differently. False:
 * untouched. */
bool origin_of(const char *url, char out[static ORIGIN_TEXT]) MUST_USE;

/* Is the text an origin already, spelled as origin_of would? */
bool origin_is(const char *text) MUST_USE;

/* Does this path lead to the origin of the page that follows it, before and after one decoding? Refuses what a browser
 * would take for another host: "//", "/\\", control characters in between; and what is longer than ORIGIN_PATH. */
bool origin_keeps(const char *path) MUST_USE;

#define ORIGIN_PATH 2000

#endif
