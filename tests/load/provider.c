/* provider: takes texts like Twilio's Messages resource, answers each after a while, and writes down when it arrived.
 *
 *   provider PORT MILLISECONDS LOG [CERTIFICATE KEY]
 *
 * LOG gets one line for each request: arrival (microseconds since 1970), a space, the form as it came. */
#define H2O_USE_EPOLL 1
#include <fcntl.h>
#include <h2o.h>
#include <signal.h>
#include <time.h>

struct answer {
    h2o_timeout_entry_t later;
    h2o_req_t *request;
};

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context = {.ctx = &context};
static h2o_timeout_t delay;
static int log_fd;

static void write_down(h2o_iovec_t form)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    dprintf(log_fd, "%lld %.*s\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000, (int)form.len, form.base);
}

static void answer_now(h2o_timeout_entry_t *entry)
{
    static h2o_generator_t generator;
    static unsigned long long count;
    h2o_req_t *request = H2O_STRUCT_FROM_MEMBER(struct answer, later, entry)->request;
    char sid[35];
    if (!count)
        count = (unsigned long long)time(NULL) << 24; /* another run's ids are others */
    snprintf(sid, sizeof sid, "SM%032llx", ++count);
    h2o_iovec_t body =
        h2o_concat(&request->pool, h2o_iovec_init(H2O_STRLIT("{\"status\":\"queued\",\"error_code\":null,\"sid\":\"")),
                   h2o_iovec_init(sid, 34), h2o_iovec_init(H2O_STRLIT("\"}")));
    request->res.status = 201;
    request->res.reason = "Created";
    request->res.content_length = body.len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("application/json"));
    h2o_start_response(request, &generator);
    h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
}

static void forget(void *cell)
{
    struct answer *answer = cell;
    if (h2o_timeout_is_linked(&answer->later))
        h2o_timeout_unlink(&answer->later);
}

static int take(h2o_handler_t *self, h2o_req_t *request)
{
    (void)self;
    write_down(request->entity);
    struct answer *answer = h2o_mem_alloc_shared(&request->pool, sizeof *answer, forget);
    *answer = (struct answer){.later.cb = answer_now, .request = request};
    h2o_timeout_link(context.loop, &delay, &answer->later);
    return 0;
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *client = error ? NULL : h2o_evloop_socket_accept(listener);
    if (client)
        h2o_accept(&accept_context, client);
}

static SSL_CTX *tls(const char *certificate, const char *key)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
        exit(2);
    return ssl;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(argv[1], NULL, 10))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    log_fd = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1024))
        return 2;
    if (argc > 5)
        accept_context.ssl_ctx = tls(argv[4], argv[5]);
    h2o_config_init(&config);
    config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(h2o_handler_t))->on_req = take;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    h2o_timeout_init(context.loop, &delay, strtoull(argv[2], NULL, 10));
    accept_context.hosts = config.hosts;
    h2o_socket_read_start(h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ), on_accept);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0)
        continue;
    return 1;
}
