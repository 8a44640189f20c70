/* worker: one process, one thread, one loop: parts start in order, are drained on SIGTERM and stop in reverse. */
#include "config.h"
#include "crypt.h"
#include "db.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "metrics_inside.h"
#include "req.h"
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BEAT_MS 1000
#define LOOK_MS 10
#define DRAIN_MS 20000

static struct worker_sign *my_sign;
static bool draining;
static const char *unfit;
static long long drain_end;
static struct loop_watch *signal_watch;

bool server_draining(void)
{
    return draining;
}

void server_unfit(const char *why)
{
    unfit = why;
}

const char *server_why_unfit(void)
{
    return unfit;
}

static void beat(void *arg)
{
    (void)arg;
    my_sign->beat = loop_now_ms();
}

/* Clients first, then the jobs that still have something under way. */
static void look_for_end(void *arg)
{
    (void)arg;
    if (listen_done() && req_live() == 0) {
        loop_end();
    } else if (loop_now_ms() > drain_end) {
        log_event(LOG_WARN, NULL, "drain_cut", L_INT("live", (long long)req_live()));
        loop_end();
    } else {
        loop_after(LOOK_MS, look_for_end, NULL);
    }
}

static void on_signal(void *arg, int events)
{
    struct signalfd_siginfo signal_info;

    (void)events;
    if (read((int)(intptr_t)arg, &signal_info, sizeof signal_info) != (ssize_t)sizeof signal_info || draining)
        return;
    draining = true;
    drain_end = loop_now_ms() + DRAIN_MS;
    listen_drain();
    look_for_end(NULL);
}

static void watch_signals(void)
{
    sigset_t signals;
    int fd;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC); /* blocked already, by the parent */
    if (fd < 0)
        die("signalfd: %s", strerror(errno));
    signal_watch = loop_watch(fd, LOOP_READ, on_signal, (void *)(intptr_t)fd);
}

int worker(const struct app *app, const struct socket_pair *sockets, const struct worker_signs *signs)
{
    my_sign = &signs->all[signs->mine];
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* without a parent nobody would restart us: drain */
    metrics_own(signs->mine);
    if (!crypt_start(config_text("root_keys")))
        return 78;
    loop_start();
    watch_signals();
    db_start(config_text("database"));
    if (app->start)
        app->start();
    listen_start(sockets, signs);
    loop_every(BEAT_MS, beat, NULL);
    my_sign->serving = 1;
    loop_run();
    if (app->stop)
        app->stop();
    db_stop();
    loop_unwatch(signal_watch);
    loop_stop();
    crypt_stop();
    log_flush();
    return 0;
}
