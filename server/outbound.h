/* outbound: where strangers' addresses may lead. What others enter (webhooks, key sets) is fetched by https on port 443
 * of public addresses only. The address is looked at when it is connected to, after the name was resolved.
 *
 * Exceptions are the operator's: a list of `host` or `host:port`, separated by blanks. Such a host may be http, on
 * any port, and an inner address. A host is a name or an address, written as in the URL. Pure but for that list.
 */
#ifndef SERVER_OUTBOUND_H
#define SERVER_OUTBOUND_H

#include "common.h"

struct sockaddr;

#define OUTBOUND_URL 2048 /* room for the longest URL, with its NUL */

bool outbound_start(const char *exceptions) MUST_USE; /* false: the list makes no sense, and is empty now */

/* May this be fetched, as far as its text tells? Absolute, no user name, no fragment, visible ASCII, read in one way
 * only. */
bool outbound_url(const char *url) MUST_USE;

bool outbound_excepted(const char *url) MUST_USE; /* is its host, with its port, on the list? */

/* Is the address anything but a public unicast one? Also those that carry an IPv4 address inside (mapped, 6to4, NAT64,
 * Teredo). */
bool outbound_inner(const struct sockaddr *where) MUST_USE;

#endif
