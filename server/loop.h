/* loop: one worker's event loop: h2o's, with timers, deferred calls and one nested epoll for foreign descriptors. */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include "common.h"

struct loop_timer;
struct loop_watch;

/* Calls fn(arg) once after ms milliseconds. NULL-safe cancel; a timer that fired is gone. */
struct loop_timer *loop_after(long ms, void (*fn)(void *arg), void *arg);
void loop_cancel(struct loop_timer *timer);
void loop_every(long ms, void (*fn)(void *arg), void *arg); /* for the life of the worker */
void loop_defer(void (*fn)(void *arg), void *arg);          /* on the next turn, in order (rule R3) */

#define LOOP_READ 1
#define LOOP_WRITE 2
/* Watches a descriptor that another library owns (never closed here). `fn` gets the ready events. */
struct loop_watch *loop_watch(int fd, int events, void (*fn)(void *arg, int events), void *arg);
void loop_rewatch(struct loop_watch *watch, int events);
void loop_unwatch(struct loop_watch *watch); /* allowed inside any callback; NULL-safe */
long long loop_now_ms(void);                 /* CLOCK_MONOTONIC, as of this turn */

/* ---- for main.c and listen.c ---- */
struct st_h2o_evloop_t;
void loop_start(void); /* once per worker, before anything above is used */
void loop_run(void);   /* returns after loop_end */
void loop_end(void);
void loop_stop(void);
struct st_h2o_evloop_t *loop_h2o(void);

#endif
