/* listen: the only file that knows h2o's server side.
 *
 * HTTP/1.1 only, in two places: no TLS here, so no ALPN that could name h2, and upgrade_to_http2 = 0. What h2o answers
 * by itself (a body too large, a broken chunk) passes a filter that turns it into our problem+json with every header.
 */
#include <h2o.h>
#include <h2o/http1.h>

#include "listen.h"
#include "config.h"
#include "dispatch.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "req_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>

#define ACCEPTS_PER_TURN 4 /* few, so that the workers share a burst */
#define YIELD_MS 2
#define REQUEST_MS 10000 /* for a whole request, and for an idle connection */
#define IDLE_GRACE_MS 1000

/* One connection of a client. */
struct conn {
    struct conn *previous, *next;
    h2o_socket_t *sock;
    bool ops;
    int linger_fd; /* a copy of the descriptor that outlives h2o's close; -1: none */
};

struct listener {
    h2o_socket_t *sock;
    h2o_accept_ctx_t accept;
    h2o_hostconf_t *hosts[2];
    bool ops, paused;
};

static h2o_globalconf_t globalconf;
static h2o_context_t context;
static struct listener clients, ops;
static struct conn *conns;
static size_t client_count, conn_most, in_flight_most;
static bool inherited, draining;
static struct worker_signs signs;
static struct metric *conn_gauge;

static void host_start(struct listener *listener, const char *name, int fd, bool is_ops);
static void on_accept(h2o_socket_t *sock, const char *err);
static bool accept_one(struct listener *listener);
static int on_request(h2o_handler_t *self, h2o_req_t *client);
static void on_own_error(h2o_filter_t *self, h2o_req_t *client, h2o_ostream_t **slot);
static struct req *take_request(h2o_req_t *client);

/* ---- start ---- */

void listen_meters(const char *product)
{
    char name[64];

    snprintf(name, sizeof name, "%s_connections", product);
    conn_gauge = metrics_gauge(name, NULL, "connections of clients");
}

void listen_start(const struct socket_pair *sockets, const struct worker_signs *worker_signs)
{
    signs = *worker_signs;
    inherited = sockets->inherited;
    conn_most = (size_t)config_int("max_connections");
    in_flight_most = (size_t)config_int("max_in_flight");
    h2o_config_init(&globalconf);
    globalconf.server_name = h2o_iovec_init(H2O_STRLIT(""));
    globalconf.http1.req_timeout = REQUEST_MS;
    globalconf.http1.upgrade_to_http2 = 0;
    globalconf.max_request_entity_size = dispatch_body_most();
    host_start(&clients, "clients", sockets->clients, false);
    host_start(&ops, "ops", sockets->ops, true);
    h2o_context_init(&context, loop_h2o(), &globalconf);
    signs.all[signs.mine].clients = 0;
    signs.all[signs.mine].accepting = 1;
}

/* A host without paths: everything falls to its fallback path, whose one handler is ours. The name stands in for a
 * missing Host field; take_request tells it apart by its address. */
static void host_start(struct listener *listener, const char *name, int fd, bool is_ops)
{
    h2o_hostconf_t *host = h2o_config_register_host(&globalconf, h2o_iovec_init(name, strlen(name)), 65535);
    h2o_handler_t *handler = h2o_create_handler(&host->fallback_path, sizeof *handler);
    h2o_filter_t *filter = h2o_create_filter(&host->fallback_path, sizeof *filter);

    handler->on_req = on_request;
    filter->on_setup_ostream = on_own_error;
    listener->hosts[0] = host;
    listener->accept = (h2o_accept_ctx_t){.ctx = &context, .hosts = listener->hosts};
    listener->ops = is_ops;
    listener->sock = h2o_evloop_socket_create(loop_h2o(), fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->sock->data = listener;
    h2o_socket_read_start(listener->sock, on_accept);
}

/* ---- accepting ---- */

static void resume(void *arg)
{
    struct listener *listener = arg;

    if (!listener->paused || !listener->sock)
        return;
    listener->paused = false;
    h2o_socket_read_start(listener->sock, on_accept);
}

static void pause_accepting(struct listener *listener)
{
    listener->paused = true;
    h2o_socket_read_stop(listener->sock);
}

static void count_clients(int change)
{
    client_count += (size_t)change;
    metrics_set(conn_gauge, (int64_t)client_count);
    __atomic_store_n(&signs.all[signs.mine].clients, (int)client_count, __ATOMIC_RELAXED);
}

/* All workers wait on the same socket, and whoever wakes first would take a whole burst: its connections would crowd
 * one core while another idles. */
static bool has_more_than_others(void)
{
    for (size_t i = 0; i < signs.count; i++)
        if (__atomic_load_n(&signs.all[i].accepting, __ATOMIC_RELAXED) &&
            (size_t)__atomic_load_n(&signs.all[i].clients, __ATOMIC_RELAXED) + 1 < client_count)
            return true;
    return false;
}

/* The others had their time; they may be stuck. */
static void accept_anyway(void *arg)
{
    struct listener *listener = arg;

    if (!listener->paused || !listener->sock)
        return;
    resume(listener);
    for (int i = 0; i < ACCEPTS_PER_TURN && client_count < conn_most; i++)
        if (!accept_one(listener))
            return;
}

static void on_accept(h2o_socket_t *sock, const char *err)
{
    struct listener *listener = sock->data;

    (void)err;
    if (!listener->ops && has_more_than_others()) {
        pause_accepting(listener);
        loop_after(YIELD_MS, accept_anyway, listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (!listener->ops && client_count >= conn_most) {
            pause_accepting(listener); /* on_close resumes */
            return;
        }
        if (!accept_one(listener))
            return;
    }
}

static void on_close(void *arg)
{
    struct conn *conn = arg;

    if (conn->linger_fd >= 0)
        socket_linger(conn->linger_fd);
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        conns = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    if (!conn->ops)
        count_clients(-1);
    free(conn);
    resume(&clients);
}

/* Without descriptors accept fails at once and the loop would spin: pause and look again a little later. */
static bool accept_one(struct listener *listener)
{
    h2o_socket_t *sock = h2o_evloop_socket_accept(listener->sock);
    struct conn *conn;

    if (!sock) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_event(LOG_WARN, NULL, "accept_paused", L_TEXT("why", strerror(errno)));
            pause_accepting(listener);
            loop_after(100, resume, listener);
        }
        return false;
    }
    conn = h2o_mem_alloc(sizeof *conn);
    *conn = (struct conn){.next = conns, .sock = sock, .ops = listener->ops, .linger_fd = -1};
    if (conns)
        conns->previous = conn;
    conns = conn;
    if (!conn->ops)
        count_clients(1);
    sock->on_close.cb = on_close;
    sock->on_close.data = conn;
    h2o_accept(&listener->accept, sock);
    return true;
}

/* ---- a request ---- */

static struct conn *conn_of(h2o_req_t *client)
{
    return client->conn->callbacks->get_socket(client->conn)->on_close.data;
}

/* h2o takes these three out of the list of fields and lets two Hosts, two lengths, a length beside chunks and folded
 * lines pass. The head as it came still stands in front of the socket's buffer, names in lower case by now. */
static bool is_head_sound(h2o_req_t *client)
{
    static const char *const NAMES[] = {"host:", "content-length:", "transfer-encoding:"};
    const h2o_buffer_t *input = client->conn->callbacks->get_socket(client->conn)->input;
    const char *line = input->bytes, *end = input->bytes + input->size, *next;
    unsigned seen = 0;

    for (; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1) {
        if (*line == '\r' || *line == '\n')
            break;
        if (*line == ' ' || *line == '\t')
            return false;
        for (unsigned i = 0; i < LEN(NAMES); i++) {
            if (*line != *NAMES[i] || strncmp(line, NAMES[i], strlen(NAMES[i])) != 0)
                continue;
            if (seen & 1u << i)
                return false;
            seen |= 1u << i;
        }
    }
    return (seen & 6) != 6;
}

static int on_request(h2o_handler_t *self, h2o_req_t *client)
{
    struct req *rq = take_request(client);

    (void)self;
    if (conn_of(client)->ops)
        req_run(rq, dispatch_ops);
    else if (!is_head_sound(client))
        req_run(rq, dispatch_malformed);
    else
        req_run(rq, req_busy() > in_flight_most ? dispatch_overloaded : dispatch);
    return 0;
}

static char *lower(char *text)
{
    h2o_strtolower(text, strlen(text));
    return text;
}

/* "Shop.Example:8080" to "shop.example"; "" when there was no Host field or it holds anything odd. */
static char *host_of(struct req *rq, h2o_req_t *client)
{
    h2o_iovec_t authority = client->input.authority;
    char *host, *colon;

    if (!authority.base || authority.base == client->hostconf->authority.hostport.base)
        return req_copy(rq, "", 0);
    host = lower(req_copy(rq, authority.base, authority.len));
    colon = strrchr(host, ':');
    if (colon && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        *colon = '\0';
    if (strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-[:]") !=
        authority.len - (colon ? strlen(colon + 1) + 1 : 0))
        *host = '\0';
    return host;
}

/* The socket's peer, or what the one trusted hop says in X-Real-IP. "" when that says something that is no address. */
static const char *address_of(struct req *rq, h2o_req_t *client)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_storage room;
    } peer = {.any.sa_family = AF_UNSPEC};
    char *text = req_alloc(rq, INET6_ADDRSTRLEN);
    const char *real = req_header(rq, "x-real-ip");
    struct in6_addr ignored;

    client->conn->callbacks->get_peername(client->conn, &peer.any);
    if (peer.any.sa_family == AF_INET)
        inet_ntop(AF_INET, &peer.four.sin_addr, text, INET6_ADDRSTRLEN);
    else if (peer.any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &peer.six.sin6_addr, text, INET6_ADDRSTRLEN);
    else
        snprintf(text, INET6_ADDRSTRLEN, "127.0.0.1"); /* a Unix socket: a process of this machine */
    if (!real || (peer.any.sa_family != AF_UNIX && strcmp(text, config_text("trusted_proxy")) != 0))
        return text;
    return inet_pton(AF_INET, real, &ignored) == 1 || inet_pton(AF_INET6, real, &ignored) == 1 ? real : "";
}

static void take_fields(struct req *rq, h2o_req_t *client)
{
    struct req_inside *in = inside(rq);
    struct req_field *fields = req_alloc(rq, (client->headers.size + 1) * sizeof *fields);

    for (size_t i = 0; i < client->headers.size; i++) {
        const h2o_header_t *header = &client->headers.entries[i];
        fields[i].name = req_copy(rq, header->name->base, header->name->len);
        fields[i].value = req_copy(rq, header->value.base, header->value.len);
    }
    in->fields = fields;
    in->field_count = client->headers.size;
}

/* Copies what came in: h2o's strings have no NUL and die with the client, who may go long before the request ends. */
static struct req *take_request(h2o_req_t *client)
{
    struct req *rq = req_new(false, "none");
    const char *type;
    char *path;

    req_bind(rq, client);
    take_fields(rq, client);
    path = req_copy(rq, client->input.path.base, client->input.path.len);
    rq->method = req_copy(rq, client->input.method.base, client->input.method.len);
    rq->path = path;
    if (strchr(path, '?')) {
        rq->query = strchr(path, '?') + 1;
        *strchr(path, '?') = '\0';
    }
    rq->host = host_of(rq, client);
    rq->address = address_of(rq, client);
    type = req_header(rq, "content-type");
    if (type)
        rq->content_type = lower(req_copy(rq, type, strcspn(type, "; \t")));
    if (client->entity.len) {
        char *body = req_copy(rq, client->entity.base, client->entity.len);
        rq->body = body;
        rq->body_len = client->entity.len;
        req_secret(rq, body, rq->body_len);
    }
    inside(rq)->is_head = strcmp(rq->method, "HEAD") == 0;
    return rq;
}

/* ---- answers that h2o began ---- */

struct substitute {
    h2o_ostream_t super;
    h2o_iovec_t body;
};

static void send_substitute(h2o_ostream_t *self, h2o_req_t *client, h2o_iovec_t *bufs, size_t count,
                            h2o_send_state_t state)
{
    struct substitute *substitute = (struct substitute *)self;

    (void)bufs;
    (void)count;
    h2o_ostream_send_next(self, client, &substitute->body, substitute->body.len ? 1 : 0, state);
}

/* Our own answers carry X-Request-Id; h2o's come without a request of ours, so one is made for the log and the fields.
 */
static void on_own_error(h2o_filter_t *self, h2o_req_t *client, h2o_ostream_t **slot)
{
    struct substitute *substitute;
    struct req *rq;

    (void)self;
    h2o_setup_next_ostream(client, slot);
    if (client->res.status < 400 || h2o_find_header_by_str(&client->res.headers, H2O_STRLIT("X-Request-Id"), -1) != -1)
        return;
    rq = take_request(client);
    if (client->res.status == 413)
        dispatch_too_large(rq);
    else
        dispatch_malformed(rq);
    substitute = (struct substitute *)h2o_add_ostream(client, sizeof *substitute, slot);
    substitute->super.do_send = send_substitute;
    substitute->body.base = (char *)(uintptr_t)req_transplant(rq, &substitute->body.len);
    conn_of(client)->linger_fd = fcntl(h2o_socket_get_fd(conn_of(client)->sock), F_DUPFD_CLOEXEC, 0);
}

/* ---- drain ---- */

static void close_listener(struct listener *listener)
{
    if (!listener->sock)
        return;
    if (!inherited) {
        socket_refuse_new(h2o_socket_get_fd(listener->sock));
        while (accept_one(listener))
            ;
    }
    h2o_socket_close(listener->sock);
    listener->sock = NULL;
}

/* After the shutdown h2o reads what has arrived, or the end and closes. Whoever is in the middle of a request is left
 * alone. */
static void end_idle(void *arg)
{
    (void)arg;
    for (struct conn *conn = conns; conn; conn = conn->next)
        if (!conn->ops && conn->sock->input->size == 0)
            shutdown(h2o_socket_get_fd(conn->sock), SHUT_RD);
    if (client_count)
        loop_after(100, end_idle, NULL);
}

void listen_drain(void)
{
    if (draining)
        return;
    draining = true;
    signs.all[signs.mine].accepting = 0;
    req_close_connections();
    close_listener(&clients);
    loop_after(IDLE_GRACE_MS, end_idle, NULL);
}

bool listen_done(void)
{
    return draining && client_count == 0;
}
