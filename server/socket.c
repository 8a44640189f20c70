/* socket: where clients come in, and how one is let go without losing its last answer. */
#include "socket.h"
#include "log.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
#define USER_TIMEOUT_MS 30000 /* h2o has no write time-out: a peer that acknowledges nothing for this long is cut */
#define FIRST_LISTEN_FD 3
#define LINGER_MS 2000
#define LINGER_BYTES (1024 * 1024)

/* ---- opening ---- */

static int fail(int fd, const char *text, const char *why)
{
    log_event(LOG_ERROR, NULL, "listen_failed", L_TEXT("listen", text), L_TEXT("why", why));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_unix(const char *text, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path)
        return fail(fd, text, "path too long");
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path); /* of an earlier run; a file that is no socket makes bind fail below */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0)
        return fail(fd, text, strerror(errno));
    return fd;
}

/* Options of a listening TCP socket are inherited by what it accepts. */
static int open_tcp(const char *text, const struct addrinfo *where)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, ms = USER_TIMEOUT_MS;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) != 0 ||
        bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return fail(fd, text, strerror(errno));
    return fd;
}

static int open_one(const char *text)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST}, *found;
    const char *colon = strrchr(text, ':');
    char host[128];
    int fd;

    if (strncmp(text, "unix:", 5) == 0)
        return open_unix(text, text + 5);
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return fail(-1, text, "not address:port or unix:/path");
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (*host == '[' && host[strlen(host) - 1] == ']') {
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return fail(-1, text, "not a numeric address and port");
    fd = open_tcp(text, found);
    freeaddrinfo(found);
    return fd;
}

/* sd_listen_fds(3): descriptors from 3 on, meant for the process whose id is in LISTEN_PID. */
static bool take_over(struct socket_pair *ret)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
    long count = fds ? strtol(fds, NULL, 10) : 0;

    if (!pid || strtol(pid, NULL, 10) != getpid() || count < 1)
        return false;
    for (int i = 0; i < count && i < 2; i++) {
        int listening = 0;
        bool ops;
        socklen_t len = sizeof listening;
        if (getsockopt(FIRST_LISTEN_FD + i, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || !listening)
            die("descriptor %d of LISTEN_FDS is no listening socket", FIRST_LISTEN_FD + i);
        ops = names ? strncmp(names, "ops", 3) == 0 : i == 1;
        *(ops ? &ret->ops : &ret->clients) = FIRST_LISTEN_FD + i;
        fcntl(FIRST_LISTEN_FD + i, F_SETFD, FD_CLOEXEC);
        fcntl(FIRST_LISTEN_FD + i, F_SETFL, O_NONBLOCK);
        names = names ? strchr(names, ':') : NULL;
        names = names ? names + 1 : NULL;
    }
    ret->inherited = ret->clients >= 0;
    return ret->inherited;
}

bool socket_open(const char *listen_text, const char *ops_text, struct socket_pair *ret)
{
    *ret = (struct socket_pair){.clients = -1, .ops = -1};
    if (!take_over(ret))
        ret->clients = open_one(listen_text);
    if (ret->ops < 0 && ret->clients >= 0)
        ret->ops = open_one(ops_text);
    return ret->clients >= 0 && ret->ops >= 0;
}

void socket_refuse_new(int fd)
{
    struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {.len = 1, .filter = &drop};

    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
               sizeof program); /* fails on Unix sockets, which need it not */
}

/* ---- lingering close ---- */

struct lingerer {
    int fd;
    size_t left;
    struct loop_watch *watch;
    struct loop_timer *timer;
};

static void linger_end(void *arg)
{
    struct lingerer *linger = arg;

    loop_unwatch(linger->watch);
    close(linger->fd);
    free(linger);
}

static void linger_read(void *arg, int events)
{
    struct lingerer *linger = arg;
    char waste[16384];
    ssize_t got = read(linger->fd, waste, sizeof waste);

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0 && (size_t)got < linger->left) {
        linger->left -= (size_t)got;
        return;
    }
    loop_cancel(linger->timer);
    linger_end(linger);
}

void socket_linger(int fd)
{
    struct lingerer *linger = calloc(1, sizeof *linger);

    if (!linger)
        die("no memory");
    shutdown(fd, SHUT_WR);
    linger->fd = fd;
    linger->left = LINGER_BYTES;
    linger->watch = loop_watch(fd, LOOP_READ, linger_read, linger);
    linger->timer = loop_after(LINGER_MS, linger_end, linger);
}
