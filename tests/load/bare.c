/* bare: the least that libh2o does for one request: the ceiling for requests without database.
 *
 *   bare PORT PROCESSES    answers everything with a fixed small JSON body */
#define H2O_USE_EPOLL 1
#include <h2o.h>
#include <signal.h>
#include <sys/prctl.h>

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context = {.ctx = &context, .hosts = NULL};

static int answer(h2o_handler_t *self, h2o_req_t *request)
{
    static h2o_generator_t generator;
    h2o_iovec_t body = h2o_iovec_init(H2O_STRLIT("{\"server_time\":\"2026-01-01T00:00:00.000Z\"}"));
    (void)self;
    request->res.status = 200;
    request->res.reason = "OK";
    request->res.content_length = body.len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("application/json"));
    h2o_start_response(request, &generator);
    h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *client = error ? NULL : h2o_evloop_socket_accept(listener);
    if (client)
        h2o_accept(&accept_context, client);
}

static int listen_on(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    return bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1024) ? -1 : fd;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    int fd = listen_on(port); /* bound before the fork, so that a port in use is seen */
    if (argc < 3 || fd < 0)
        return 2;
    for (long i = 1; i < strtol(argv[2], NULL, 10); i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            close(fd);
            fd = listen_on(port);
            break;
        }
    h2o_config_init(&config);
    config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = answer;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accept_context.hosts = config.hosts;
    h2o_socket_read_start(h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ), on_accept);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0)
        continue;
    return 1;
}
