/* socket: listening sockets, made before the fork and shared by the workers; nothing here knows h2o. */
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include "common.h"

struct socket_pair {
    int clients;    /* the service */
    int ops;        /* health and metrics */
    bool inherited; /* systemd keeps the sockets: what waits in them is served by whoever comes next */
};

/* Opens "address:port", "[v6]:port" or "unix:/path" for both, or takes over LISTEN_FDS (named "ops" in LISTEN_FDNAMES,
 * or the second one, for ops). False, and logged, when one cannot be had. */
bool socket_open(const char *listen_text, const char *ops_text, struct socket_pair *ret) MUST_USE;
/* New connections bounce from now on, so that what already waits can be accepted and nothing comes in behind. TCP only.
 */
void socket_refuse_new(int fd);
/* Takes over `fd` and closes it once the peer has: what it still sends is thrown away, at most 2 s and 1 MiB. Closing
 * at once would reset the connection under an answer that the peer has not read yet. */
void socket_linger(int fd);

#endif
