/* loop: one turn = h2o's events, then due timers, then deferred calls, then the log is written.
 *
 * Foreign descriptors live in an epoll of their own, which h2o sees as one readable socket (rule R6). Events are taken
 * one at a time, so whatever a callback unwatches can have no event pending. Timers are a binary heap on the monotonic
 * clock: h2o's own time-outs follow the wall clock and know one list per duration. */
#include <h2o.h>

#include "loop.h"
#include "log.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 64

struct loop_timer {
    long long due;
    unsigned long long order; /* equal times run in the order they were asked for */
    size_t at;                /* index in the heap */
    long every;               /* 0: once */
    void (*fn)(void *arg);
    void *arg;
};

struct loop_watch {
    int fd;
    int events;
    bool registered;
    void (*fn)(void *arg, int events);
    void *arg;
};

struct deferred {
    void (*fn)(void *arg);
    void *arg;
};

static h2o_loop_t *loop;
static h2o_socket_t *nested_socket;
static int nested = -1;
static bool stopping;

static struct loop_timer **heap;
static size_t heap_len, heap_room;
static unsigned long long timer_order;

static struct deferred *queue, *spare; /* two buffers: what runs now, what was asked for meanwhile */
static size_t queue_len, queue_room, spare_room;

static void on_nested(h2o_socket_t *sock, const char *err);
static void run_timers(void);
static void run_deferred(void);
static int32_t next_wait(void);

void loop_start(void)
{
    if (!loop)
        loop = h2o_evloop_create();
    nested = epoll_create1(EPOLL_CLOEXEC);
    if (nested < 0)
        die("epoll: %s", strerror(errno));
    nested_socket = h2o_evloop_socket_create(loop, nested, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(nested_socket, on_nested);
}

void loop_run(void)
{
    stopping = false;
    log_gather(true);
    while (!stopping) {
        if (h2o_evloop_run(loop, next_wait()) != 0 && errno != EINTR)
            die("event loop: %s", strerror(errno));
        run_timers();
        run_deferred();
        log_flush();
    }
    log_gather(false);
}

void loop_end(void)
{
    stopping = true;
}

/* The nested socket goes in one last turn. h2o's loop itself stays: its contexts' time-outs hang on it to the end. */
void loop_stop(void)
{
    while (heap_len)
        loop_cancel(heap[0]);
    h2o_socket_close(nested_socket);
    h2o_evloop_run(loop, 0);
    free(heap);
    free(queue);
    free(spare);
    heap = NULL;
    queue = spare = NULL;
    heap_room = queue_len = queue_room = spare_room = 0;
}

struct st_h2o_evloop_t *loop_h2o(void)
{
    return loop;
}

long long loop_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- timers ---- */

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void heap_put(size_t at, struct loop_timer *timer)
{
    heap[at] = timer;
    timer->at = at;
}

static void sift_up(size_t at, struct loop_timer *timer)
{
    for (; at > 0 && before(timer, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap_put(at, heap[(at - 1) / 2]);
    heap_put(at, timer);
}

static void sift_down(size_t at, struct loop_timer *timer)
{
    for (size_t child; (child = 2 * at + 1) < heap_len; at = child) {
        if (child + 1 < heap_len && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], timer))
            break;
        heap_put(at, heap[child]);
    }
    heap_put(at, timer);
}

static void timer_add(struct loop_timer *timer, long ms)
{
    if (heap_len == heap_room) {
        heap_room = heap_room ? 2 * heap_room : 64;
        heap = h2o_mem_realloc(heap, heap_room * sizeof heap[0]);
    }
    timer->due = loop_now_ms() + ms;
    timer->order = timer_order++;
    sift_up(heap_len++, timer);
}

static void timer_remove(struct loop_timer *timer)
{
    struct loop_timer *last = heap[--heap_len];
    size_t at = timer->at;

    if (last == timer)
        return;
    if (at > 0 && before(last, heap[(at - 1) / 2]))
        sift_up(at, last);
    else
        sift_down(at, last);
}

struct loop_timer *loop_after(long ms, void (*fn)(void *arg), void *arg)
{
    struct loop_timer *timer = h2o_mem_alloc(sizeof *timer);

    *timer = (struct loop_timer){.fn = fn, .arg = arg};
    timer_add(timer, ms > 0 ? ms : 0);
    return timer;
}

void loop_every(long ms, void (*fn)(void *arg), void *arg)
{
    struct loop_timer *timer = h2o_mem_alloc(sizeof *timer);

    *timer = (struct loop_timer){.fn = fn, .arg = arg, .every = ms > 0 ? ms : 1};
    timer_add(timer, timer->every);
}

void loop_cancel(struct loop_timer *timer)
{
    if (!timer)
        return;
    timer_remove(timer);
    free(timer);
}

static void run_timers(void)
{
    long long now = heap_len ? loop_now_ms() : 0;

    while (heap_len && heap[0]->due <= now) {
        struct loop_timer *timer = heap[0];
        void (*fn)(void *arg) = timer->fn;
        void *arg = timer->arg;
        timer_remove(timer);
        if (timer->every)
            timer_add(timer, timer->every);
        else
            free(timer);
        fn(arg);
    }
}

static int32_t next_wait(void)
{
    long long left;

    if (queue_len)
        return 0;
    if (!heap_len)
        return 60000;
    left = heap[0]->due - loop_now_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int32_t)left;
}

/* ---- deferred calls ---- */

void loop_defer(void (*fn)(void *arg), void *arg)
{
    if (queue_len == queue_room) {
        queue_room = queue_room ? 2 * queue_room : 64;
        queue = h2o_mem_realloc(queue, queue_room * sizeof queue[0]);
    }
    queue[queue_len++] = (struct deferred){fn, arg};
}

static void run_deferred(void)
{
    struct deferred *now = queue;
    size_t count = queue_len, room = queue_room;

    if (count == 0)
        return;
    queue = spare;
    queue_room = spare_room;
    queue_len = 0;
    for (size_t i = 0; i < count; i++)
        now[i].fn(now[i].arg);
    spare = now;
    spare_room = room;
}

/* ---- foreign descriptors ---- */

static void watch_set(struct loop_watch *watch, int events)
{
    struct epoll_event event = {.data.ptr = watch};
    int how = events == 0 ? EPOLL_CTL_DEL : watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    event.events = ((events & LOOP_READ) ? EPOLLIN : 0u) | ((events & LOOP_WRITE) ? EPOLLOUT : 0u);
    if (events == 0 && !watch->registered)
        return;
    /* Its owner may have closed the descriptor already: then the kernel has forgotten it by itself. */
    if (epoll_ctl(nested, how, watch->fd, &event) != 0 && how != EPOLL_CTL_DEL)
        log_event(LOG_ERROR, NULL, "watch_failed", L_INT("fd", watch->fd), L_TEXT("why", strerror(errno)));
    watch->registered = events != 0;
    watch->events = events;
}

struct loop_watch *loop_watch(int fd, int events, void (*fn)(void *arg, int events), void *arg)
{
    struct loop_watch *watch = h2o_mem_alloc(sizeof *watch);

    *watch = (struct loop_watch){.fd = fd, .fn = fn, .arg = arg};
    watch_set(watch, events);
    return watch;
}

void loop_rewatch(struct loop_watch *watch, int events)
{
    if (watch->events != events)
        watch_set(watch, events);
}

void loop_unwatch(struct loop_watch *watch)
{
    if (!watch)
        return;
    watch_set(watch, 0);
    free(watch);
}

static void on_nested(h2o_socket_t *sock, const char *err)
{
    struct epoll_event event;

    (void)sock;
    (void)err;
    for (int i = 0; i < EVENTS_PER_TURN && epoll_wait(nested, &event, 1, 0) == 1; i++) {
        struct loop_watch *watch = event.data.ptr;
        int events = ((event.events & EPOLLIN) ? LOOP_READ : 0) | ((event.events & EPOLLOUT) ? LOOP_WRITE : 0);
        if (event.events & (EPOLLERR | EPOLLHUP))
            events |= watch->events; /* whoever looks will find the error */
        watch->fn(watch->arg, events);
    }
}
