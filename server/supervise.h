/* supervise: the parent process: one worker per core, restarted when one dies, drained when asked to stop. */
#ifndef SERVER_SUPERVISE_H
#define SERVER_SUPERVISE_H

#include "app.h"
#include "socket.h"

/* Serves until SIGTERM or SIGINT. Returns the exit code: 0 after a drain, 1 when no worker ever came up. */
int supervise(const struct app *app);

/* What a worker tells its parent, in shared memory. */
struct worker_sign {
    long long beat; /* loop_now_ms of its last turn of a second */
    int serving;    /* it has come up once */
};

/* The worker's whole life, in the child: worker.c. Returns its exit code. */
int worker(const struct app *app, const struct socket_pair *sockets, size_t index, struct worker_sign *sign);

#endif
