/* listen: clients' connections, from accept to close, on h2o's server side. One instance per worker.
 *
 * Drain: the listening sockets are emptied and closed, every answer closes its connection, idle connections get a
 * second and are then ended at a moment when nothing of theirs is unread, and `listen_done` turns true when none is
 * left.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "socket.h"
#include "supervise.h"

void listen_meters(const char *product); /* before the fork */
/* signs: how many connections the other workers have, so that a burst is shared out evenly. Kept by pointer. */
void listen_start(const struct socket_pair *sockets, const struct worker_signs *signs);
void listen_drain(void);
bool listen_done(void);

#endif
