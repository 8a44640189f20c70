/* supervise: the parent process: one worker per core, restarted when one dies, drained when asked to stop. */
#ifndef SERVER_SUPERVISE_H
#define SERVER_SUPERVISE_H

#include "app.h"
#include "socket.h"

/* Serves until SIGTERM or SIGINT. Returns the exit code: 0 after a drain, 1 when no worker ever came up. */
int supervise(const struct app *app);

/* What a worker tells its parent and the other workers, in shared memory. Each writes its own; the parent resets a dead
 * one. */
struct worker_sign {
    long long beat; /* loop_now_ms of its last turn of a second */
    int serving;    /* it has come up once */
    int accepting;  /* it takes connections now */
    int clients;    /* and has so many */
};

struct worker_signs {
    struct worker_sign *all;
    size_t count, mine;
};

/* The worker's whole life, in the child: worker.c. Returns its exit code. */
int worker(const struct app *app, const struct socket_pair *sockets, const struct worker_signs *signs);

#endif
