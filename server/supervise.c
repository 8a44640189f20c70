/* supervise: forks, waits, forks again. It never serves, so it has nothing that could crash it.
 *
 * A worker that dies comes back after 100 ms, and after twice as long each time that it lived for less than ten
 * seconds, up to 5 s. One whose loop has not turned for ten seconds is killed: it comes back the same way. */
#include "supervise.h"
#include "config.h"
#include "db_inside.h"
#include "dispatch.h"
#include "files.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "metrics_inside.h"
#include "notify.h"
#include "req_inside.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORKERS 256
#define LOOK_MS 500
#define STUCK_MS 10000
#define DRAIN_MS 25000

struct child {
    pid_t pid; /* 0: none */
    long long born, due;
    long back_off;
};

static struct child children[MOST_WORKERS];
static struct worker_sign *signs;
static size_t child_count;
static bool told_ready, draining;

static size_t core_count(void)
{
    cpu_set_t cores;

    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    return (size_t)CPU_COUNT(&cores);
}

static void prepare(const struct app *app, struct socket_pair *sockets)
{
    size_t wanted = (size_t)config_int("workers");

    child_count = wanted ? wanted : core_count();
    if (child_count > MOST_WORKERS)
        child_count = MOST_WORKERS;
    if (!socket_open(config_text("listen"), config_text("ops_listen"), sockets))
        die("cannot listen");
    metrics_share(child_count);
    req_meters(app->name);
    listen_meters(app->name);
    db_meters(app->name);
    dispatch_start(app);
    files_load(config_text("web_root"), "");
    signs = mmap(NULL, child_count * sizeof *signs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (signs == MAP_FAILED)
        die("no memory");
}

static void give_birth(const struct app *app, const struct socket_pair *sockets, size_t index)
{
    struct child *child = &children[index];

    signs[index].beat = loop_now_ms();
    child->born = loop_now_ms();
    log_flush();
    child->pid = fork();
    if (child->pid == 0)
        exit(worker(app, sockets, &(struct worker_signs){signs, child_count, index}));
    if (child->pid < 0) {
        log_event(LOG_ERROR, NULL, "fork_failed", L_TEXT("why", strerror(errno)));
        child->pid = 0;
        child->due = loop_now_ms() + 1000;
    }
}

static void bury(pid_t pid, int how)
{
    for (size_t i = 0; i < child_count; i++) {
        struct child *child = &children[i];
        if (child->pid != pid)
            continue;
        child->pid = 0;
        signs[i].accepting = 0;
        child->back_off = loop_now_ms() - child->born > STUCK_MS || !child->back_off ? 100 : 2 * child->back_off;
        child->back_off = child->back_off > 5000 ? 5000 : child->back_off;
        child->due = loop_now_ms() + child->back_off;
        log_event(draining && how == 0 ? LOG_DEBUG : LOG_ERROR, NULL, "worker_died", L_INT("worker", (long long)i),
                  L_INT("pid", pid), L_INT("exit", WIFEXITED(how) ? WEXITSTATUS(how) : -1),
                  L_INT("signal", WIFSIGNALED(how) ? WTERMSIG(how) : 0), L_INT("retry_ms", child->back_off));
    }
}

static bool bury_all(void)
{
    pid_t pid;
    int how;

    while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
        bury(pid, how);
    for (size_t i = 0; i < child_count; i++)
        if (children[i].pid)
            return false;
    return true;
}

static void look_after(const struct app *app, const struct socket_pair *sockets)
{
    bool all_serving = true, all_alive = true;

    for (size_t i = 0; i < child_count; i++) {
        struct child *child = &children[i];
        bool stuck = child->pid && loop_now_ms() - signs[i].beat > STUCK_MS;
        if (stuck) {
            log_event(LOG_ERROR, NULL, "worker_stuck", L_INT("worker", (long long)i), L_INT("pid", child->pid));
            kill(child->pid, SIGKILL);
        }
        if (!child->pid && child->due <= loop_now_ms())
            give_birth(app, sockets, i);
        all_serving = all_serving && signs[i].serving;
        all_alive = all_alive && !stuck;
    }
    if (all_serving && !told_ready) {
        told_ready = true;
        log_event(LOG_INFO, NULL, "serving", L_TEXT("listen", config_text("listen")),
                  L_INT("workers", (long long)child_count));
        notify("READY=1");
    }
    if (all_alive && told_ready)
        notify("WATCHDOG=1");
}

static void signal_all(int number)
{
    for (size_t i = 0; i < child_count; i++)
        if (children[i].pid)
            kill(children[i].pid, number);
}

/* Our own copy of the sockets goes first: what a worker has emptied and closed must not be kept open by us. */
static int drain(const sigset_t *signals, const struct socket_pair *sockets)
{
    long long end = loop_now_ms() + DRAIN_MS;
    struct timespec wait = {.tv_nsec = 50 * 1000000};

    draining = true;
    notify("STOPPING=1");
    log_event(LOG_INFO, NULL, "draining");
    if (!sockets->inherited)
        socket_refuse_new(sockets->clients);
    close(sockets->clients);
    close(sockets->ops);
    signal_all(SIGTERM);
    while (!bury_all()) {
        if (loop_now_ms() > end)
            signal_all(SIGKILL);
        sigtimedwait(signals, NULL, &wait);
    }
    log_event(LOG_INFO, NULL, "stopped");
    return 0;
}

/* Nobody ever came up: a fault that a restart does not mend. Better to say so than to try for ever. */
static bool is_hopeless(void)
{
    for (size_t i = 0; i < child_count; i++)
        if (children[i].pid || signs[i].serving || children[i].back_off < 400)
            return false;
    return true;
}

int supervise(const struct app *app)
{
    struct timespec wait = {.tv_nsec = LOOK_MS * 1000000};
    struct socket_pair sockets;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    prepare(app, &sockets);
    for (;;) {
        int number;
        look_after(app, &sockets);
        wait.tv_nsec = (told_ready ? LOOK_MS : 20) * 1000000;
        number = sigtimedwait(&signals, NULL, &wait);
        if (number == SIGTERM || number == SIGINT)
            return drain(&signals, &sockets);
        bury_all();
        if (is_hopeless())
            return 1;
    }
}
