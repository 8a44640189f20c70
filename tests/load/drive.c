/* drive: sends prepared HTTP/1.1 requests over keep-alive connections and prints one line of JSON.
 *
 *   drive PORT FILE connections=64 seconds=3 rate=0 expect=200 once=0
 *   drive PORT - hold=10000          open connections, print how many, wait for the end of stdin
 *
 * FILE holds whole requests, each followed by a NUL byte; they are sent in order, around again unless once=1.
 * rate=0 is the closed loop (throughput): a connection that has its answer sends the next request. With a rate, request
 * k is due at k/rate and its latency counts from then, also when it had to wait for a free connection: a server that
 * stalls is charged for everyone whom it kept waiting. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 262144 /* bytes of the largest answer */
#define SUB 64        /* histogram: linear steps in each power of two, so within 3 % */
#define POWERS 26     /* up to about a minute, in microseconds */

struct request {
    const char *bytes;
    size_t len;
};

struct connection {
    int fd;
    bool busy;
    uint64_t since; /* ns: when the request was sent, or due */
    const struct request *request;
    size_t sent, got;
    char answer[ANSWER + 1];
};

static struct {
    long connections, seconds, rate, expect, once, hold;
} option = {.connections = 64, .seconds = 3, .expect = 200};

static int port;
static struct request *requests;
static size_t request_count, next_request, due_count;
static struct connection *connections;
static struct connection **idle;
static size_t idle_count, busy_count;
static int poll_fd, timer_fd;
static uint64_t started, ends;
static uint64_t counts[POWERS * SUB], status_counts[600], answered, broken, bytes_in;
static char odd[400]; /* start of the first answer that was not expected */

static uint64_t now_ns(void);
static void read_options(int count, char **words);
static void read_requests(const char *path);
static int dial(void);
static void hold(void);
static void start(void);
static void run(void);
static void send_due(void);
static void send_next(struct connection *c, uint64_t since);
static void push(struct connection *c);
static void take(struct connection *c);
static bool answer_whole(struct connection *c, int *ret_status);
static void finish(struct connection *c, int status);
static void replace(struct connection *c);
static void note(uint64_t ns);
static double percentile(double share);
static void print(double seconds);

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "drive PORT FILE [connections= seconds= rate= expect= once= hold=]\n");
        return 2;
    }
    port = (int)strtol(argv[1], NULL, 10);
    read_options(argc - 3, argv + 3);
    if (option.hold) {
        hold();
        return 0;
    }
    read_requests(argv[2]);
    start();
    run();
    return 0;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void read_options(int count, char **words)
{
    const struct {
        const char *name;
        long *value;
    } known[] = {{"connections=", &option.connections}, {"seconds=", &option.seconds}, {"rate=", &option.rate},
                 {"expect=", &option.expect},           {"once=", &option.once},       {"hold=", &option.hold}};
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (!strncmp(words[i], known[k].name, strlen(known[k].name)))
                *known[k].value = strtol(words[i] + strlen(known[k].name), NULL, 10);
}

static void read_requests(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) || info.st_size == 0) {
        fprintf(stderr, "drive: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    const char *at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    const char *end = at + info.st_size;
    for (const char *p = at; p < end; p++)
        request_count += *p == 0;
    requests = calloc(request_count, sizeof *requests);
    for (size_t i = 0; i < request_count; i++, at += requests[i - 1].len + 1)
        requests[i] = (struct request){at, strlen(at)};
    close(fd);
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        fprintf(stderr, "drive: connect to %d: %s\n", port, strerror(errno));
        exit(3);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void hold(void)
{
    for (long i = 0; i < option.hold; i++)
        (void)dial();
    printf("%ld\n", option.hold);
    fflush(stdout);
    char end;
    while (read(0, &end, 1) > 0)
        continue;
}

static void start(void)
{
    prctl(PR_SET_TIMERSLACK, 1);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc((size_t)option.connections, sizeof *connections);
    idle = calloc((size_t)option.connections, sizeof *idle);
    for (long i = 0; i < option.connections; i++) {
        struct connection *c = &connections[i];
        c->fd = dial();
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
        idle[idle_count++] = c;
    }
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL});
    started = now_ns();
    ends = started + (uint64_t)option.seconds * 1000000000u;
}

/* Ends when the time is up or the list is through; answers under way get two more seconds. */
static void run(void)
{
    uint64_t last = started;
    for (;;) {
        bool over = now_ns() >= ends || (option.once && next_request >= request_count);
        if (!over)
            send_due();
        if (over && (busy_count == 0 || now_ns() > ends + 2000000000u))
            break;
        struct epoll_event events[256];
        int n = epoll_wait(poll_fd, events, 256, 100);
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                take(events[i].data.ptr);
            else
                (void)!read(timer_fd, &(uint64_t){0}, sizeof(uint64_t));
        last = now_ns();
    }
    broken += busy_count;
    print((double)(last - started) / 1e9);
}

static bool more(void)
{
    return !option.once || next_request < request_count;
}

static void send_due(void)
{
    if (option.rate == 0) {
        while (idle_count && more())
            send_next(idle[--idle_count], now_ns());
        return;
    }
    uint64_t due = started + due_count * 1000000000u / (uint64_t)option.rate;
    for (uint64_t now = now_ns(); idle_count && more() && due <= now;) {
        send_next(idle[--idle_count], due);
        due = started + ++due_count * 1000000000u / (uint64_t)option.rate;
    }
    struct itimerspec wake = {.it_value = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)}};
    if (idle_count)
        timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &wake, NULL);
}

static void send_next(struct connection *c, uint64_t since)
{
    c->request = &requests[next_request++ % request_count];
    c->since = since;
    c->sent = c->got = 0;
    c->busy = true;
    busy_count++;
    push(c);
}

static void push(struct connection *c)
{
    /* Requests are smaller than a socket's buffer and each connection has one at a time: a short write is not expected.
     */
    ssize_t n = send(c->fd, c->request->bytes, c->request->len, MSG_NOSIGNAL);
    if (n != (ssize_t)c->request->len)
        replace(c);
}

static void take(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER - c->got, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        replace(c);
        return;
    }
    c->got += (size_t)n;
    c->answer[c->got] = 0;
    int status;
    if (c->busy && answer_whole(c, &status))
        finish(c, status);
}

static bool answer_whole(struct connection *c, int *ret_status)
{
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end)
        return false;
    int status = (int)strtol(c->answer + 9, NULL, 10);
    size_t head = (size_t)(end + 4 - c->answer), body = 0;
    *end = 0;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    *end = '\r';
    if (length)
        body = strtoul(length + 17, NULL, 10);
    if (c->got < head + body)
        return false;
    *ret_status = status;
    return true;
}

static void finish(struct connection *c, int status)
{
    note(now_ns() - c->since);
    answered++;
    bytes_in += c->got;
    status_counts[status > 0 && status < 600 ? status : 0]++;
    if (status != option.expect && !odd[0])
        snprintf(odd, sizeof odd, "%s", strstr(c->answer, "\r\n\r\n") + 4);
    c->busy = false;
    busy_count--;
    if (option.rate == 0 && now_ns() < ends && more())
        send_next(c, now_ns());
    else
        idle[idle_count++] = c;
}

/* The server closed the connection: what was under way is lost and counted, a new one takes its place. */
static void replace(struct connection *c)
{
    close(c->fd);
    c->fd = dial();
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
    if (!c->busy)
        return;
    broken++;
    c->busy = false;
    busy_count--;
    idle[idle_count++] = c;
}

static void note(uint64_t ns)
{
    uint64_t us = ns / 1000;
    int power = us < SUB ? 0 : 63 - __builtin_clzll(us) - 5;
    size_t at = (size_t)power * SUB + (power ? (us >> power) : us);
    counts[at < POWERS * SUB ? at : POWERS * SUB - 1]++;
}

static double percentile(double share)
{
    uint64_t rank = (uint64_t)(share * (double)answered), seen = 0;
    for (size_t i = 0; i < POWERS * SUB; i++) {
        seen += counts[i];
        if (seen > rank)
            return (double)((i % SUB) << (i / SUB)) + (double)(1u << (i / SUB)) / 2; /* middle of the step */
    }
    return 0;
}

static void print(double seconds)
{
    uint64_t good = status_counts[option.expect];
    printf("{\"answered\":%lu,\"good\":%lu,\"broken\":%lu,\"seconds\":%.4f,\"rate\":%.1f,\"bytes\":%.0f,"
           "\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"max\":%.0f,\"statuses\":{",
           answered, good, broken, seconds, (double)good / seconds,
           answered ? (double)bytes_in / (double)answered : 0.0, percentile(.5), percentile(.9), percentile(.99),
           percentile(.999999));
    const char *comma = "";
    for (int s = 0; s < 600; s++)
        if (status_counts[s])
            printf("%s\"%d\":%lu", comma, s, status_counts[s]), comma = ",";
    printf("},\"odd\":\"");
    for (const char *p = odd; *p; p++)
        printf(*p == '"' || *p == '\\' ? "\\%c" : (unsigned char)*p < 32 ? " " : "%c", *p);
    printf("\"}\n");
}
