/* listen: clients' connections, from accept to close, on h2o's server side. One instance per worker.
 *
 * Drain: the listening sockets are emptied and closed, every answer closes its connection, idle connections get a
 * second and are then ended at a moment when nothing of theirs is unread, and `listen_done` turns true when none is
 * left.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "app.h"
#include "socket.h"

void listen_meters(const char *product); /* before the fork */
void listen_start(const struct app *app, const struct socket_pair *sockets);
void listen_drain(void);
bool listen_done(void);

#endif
