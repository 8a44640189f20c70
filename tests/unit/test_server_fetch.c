/* fetch: how far a request got decides whether it may be repeated, so every way to fail is tried against a real TLS
 * server that counts what it was asked to do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/fetch.c"
#include "server/db.h"

#include <netdb.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static char ca_path[] = "/tmp/tillgate-test-ca-XXXXXX";
static char base[64];
static int *acts; /* shared with the server: how often /act was done */
static pid_t server;
static struct fetch_answer seen;
static char seen_body[4096];

/* ---- names ---- */

/* libcurl's look-ups come here: names of outside.test move from look-up to look-up, as a hostile name server would have
 * it; what they lead to is told in `leads_to`. */
static const char *leads_to[4];
static int lookups;

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict ret)
{
    uint8_t address[16];
    uint16_t port = htons((uint16_t)strtoul(service ? service : "0", NULL, 10));
    const char *text = node;

    if (strcmp(node, "localhost") == 0)
        text = "127.0.0.1";
    if (strcmp(node, "outside.test") == 0)
        text = leads_to[lookups++];
    bool six = text && inet_pton(AF_INET6, text, address) == 1;
    if (!text || (!six && inet_pton(AF_INET, text, address) != 1) ||
        (hints && hints->ai_family != AF_UNSPEC && hints->ai_family != (six ? AF_INET6 : AF_INET)))
        return EAI_NONAME;
    struct addrinfo *made = calloc(1, sizeof *made + sizeof(struct sockaddr_in6));
    made->ai_family = six ? AF_INET6 : AF_INET;
    made->ai_socktype = SOCK_STREAM;
    made->ai_addr = (struct sockaddr *)(made + 1);
    made->ai_addrlen = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (six)
        *(struct sockaddr_in6 *)made->ai_addr = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    else
        *(struct sockaddr_in *)made->ai_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    memcpy(six ? (void *)&((struct sockaddr_in6 *)made->ai_addr)->sin6_addr
               : (void *)&((struct sockaddr_in *)made->ai_addr)->sin_addr,
           address, six ? 16 : 4);
    *ret = made;
    return 0;
}

void freeaddrinfo(struct addrinfo *made)
{
    free(made);
}

/* ---- the other side ---- */

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const uint8_t *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_add_ext(cert, names, -1);
    X509_sign(cert, key, EVP_sha256());
    X509_EXTENSION_free(names);
    return cert;
}

static void say(SSL *tls, const char *text)
{
    SSL_write(tls, text, (int)strlen(text));
}

/* One request at a time; the rest of its behaviour is in the path. Returns false to drop the connection. */
static bool answer(SSL *tls, const char *request)
{
    char large[70000];

    if (strstr(request, " /ok ")) {
        say(tls, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return true;
    }
    if (strstr(request, " /refused ")) {
        say(tls, "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    if (strstr(request, " /moved "))
        say(tls, "HTTP/1.1 302 Moved\r\nLocation: /act\r\nContent-Length: 0\r\n\r\n");
    if (strstr(request, " /cut "))
        say(tls, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    if (strstr(request, " /large ")) {
        memset(large, 'x', sizeof large);
        say(tls, "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n");
        SSL_write(tls, large, sizeof large);
    }
    if (strstr(request, " /act "))
        ++*acts; /* done, and then the line goes dead */
    if (strstr(request, " /hang "))
        sleep(3);
    return false;
}

static void serve_connection(SSL_CTX *context, int fd)
{
    SSL *tls = SSL_new(context);
    char request[4096];
    int len = 0, got;

    SSL_set_fd(tls, fd);
    if (SSL_accept(tls) == 1) {
        while ((got = SSL_read(tls, request + len, (int)sizeof request - 1 - len)) > 0) {
            len += got;
            request[len] = '\0';
            if (!strstr(request, "\r\n\r\n") || (strncmp(request, "POST", 4) == 0 && !strstr(request, "a=b")))
                continue;
            len = 0;
            if (!answer(tls, request))
                break;
        }
    }
    close(fd);
    _exit(0);
}

static void serve(SSL_CTX *context, int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fork() == 0)
            serve_connection(context, fd);
        close(fd);
    }
}

static int start_server(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *out = fdopen(mkstemp(ca_path), "w");

    (void)state;
    PEM_write_X509(out, cert);
    fclose(out);
    SSL_CTX_use_certificate(context, cert);
    SSL_CTX_use_PrivateKey(context, key);
    assert_int_equal(bind(listener, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(listen(listener, 64), 0);
    getsockname(listener, (struct sockaddr *)&where, &len);
    snprintf(base, sizeof base, "https://localhost:%d", ntohs(where.sin_port));
    acts = mmap(NULL, sizeof *acts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    server = fork();
    if (server == 0)
        serve(context, listener);
    close(listener);
    SSL_CTX_free(context);
    X509_free(cert);
    EVP_PKEY_free(key);
    loop_start();
    fetch_start(ca_path);
    fetch_guarded_ca(ca_path);
    fetch_allow(base);
    fetch_allow("https://localhost:1/"); /* nobody listens there */
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    fetch_stop();
    loop_stop();
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    unlink(ca_path);
    return 0;
}

/* ---- this side ---- */

static void then(struct req *rq)
{
    seen = *fetch_answer(rq);
    snprintf(seen_body, sizeof seen_body, "%s", seen.body);
    assert_int_equal(strlen(seen.body), seen.body_len);
    loop_end();
}

static void first(struct req *rq)
{
    const char *url = rq->state;
    bool post = strstr(url, "#post");
    struct fetch_request request = {.method = post ? "POST" : "GET",
                                    .url = req_copy(rq, url, strcspn(url, "#")),
                                    .guarded = strstr(url, "#guarded"),
                                    .user = "AC1",
                                    .password = "secret",
                                    .form = post ? "a=b" : NULL,
                                    .deadline_ms = 400};

    fetch_call(rq, &request, then);
}

static enum fetch_end call(const char *path)
{
    char url[256];

    snprintf(url, sizeof url, "%s%s", *path == '/' ? base : "", path);
    req_job("fetch", first, url);
    loop_run();
    assert_int_equal(req_live(), 0);
    return seen.end;
}

static void answers_come_whole(void **state)
{
    (void)state;
    assert_int_equal(call("/ok"), FETCH_ANSWERED);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen_body, "ok");
    assert_int_equal(call("/refused#post"), FETCH_ANSWERED);
    assert_int_equal(seen.status, 429);
    assert_int_equal(seen.retry_after_s, 7);
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
    int before = *acts;

    (void)state;
    assert_int_equal(call("/moved"), FETCH_ANSWERED);
    assert_int_equal(seen.status, 302);
    assert_int_equal(*acts, before);
}

static void what_left_and_was_not_answered_is_uncertain(void **state)
{
    static const char *const PATHS[] = {"/hang#post", "/cut#post", "/large", "/act#post", "/cut"};

    (void)state;
    for (size_t i = 0; i < LEN(PATHS); i++)
        assert_int_equal(call(PATHS[i]), FETCH_UNCERTAIN);
}

static void what_never_left_was_not_sent(void **state)
{
    static const char *const URLS[] = {
        "https://localhost:1/x#post", "https://elsewhere.test/",        "http://localhost:1/x",
        "https://localhost:11/",      "https://localhost:1@evil.test/", "file:///etc/passwd",
    };

    (void)state;
    for (size_t i = 0; i < LEN(URLS); i++)
        assert_int_equal(call(URLS[i]), FETCH_NOT_SENT);
}

/* curl repeats a request when a kept connection dies under it. For a text that costs money that must not be. */
static void a_post_on_a_kept_connection_is_done_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        int before = *acts;
        assert_int_equal(call("/ok"), FETCH_ANSWERED); /* leaves a connection to be reused */
        assert_int_equal(call("/act#post"), FETCH_UNCERTAIN);
        assert_int_equal(*acts, before + 1);
    }
}

static void forget_names(void)
{
    curl_multi_cleanup(multi);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
}

/* The server listens on loopback, so whatever reaches it was let through. */
static void a_guarded_call_reaches_no_inner_address(void **state)
{
    static const char *const ADDRESSES[] = {"127.0.0.1",        "0.0.0.0",       "::1",
                                            "::ffff:127.0.0.1", "10.0.0.1",      "169.254.169.254",
                                            "64:ff9b::7f00:1",  "2002:7f00:1::", "fd00::1"};
    const char *const port = strrchr(base, ':');
    char exception[64], url[128];

    (void)state;
    for (size_t i = 0; i < LEN(ADDRESSES); i++) {
        forget_names();
        lookups = 0;
        leads_to[0] = ADDRESSES[i];
        assert_int_equal(call("https://outside.test/act#post#guarded"), FETCH_NOT_SENT);
        assert_true(seen.refused);
        assert_int_equal(lookups, 1);
    }
    static const char *const URLS[] = {"https://localhost/x#guarded",  "https://127.0.0.1/x#guarded",
                                       "https://x.localhost/#guarded", "https://[::1]/#guarded",
                                       "https://0x7f.1/#guarded",      "https://2130706433/#guarded",
                                       "https://0177.0.0.1/#guarded",  "https://[::ffff:127.0.0.1]/#guarded",
                                       "http://outside.test/#guarded", "https://outside.test:22/#guarded"};
    for (size_t i = 0; i < LEN(URLS); i++) {
        assert_int_equal(call(URLS[i]), FETCH_NOT_SENT);
        assert_true(seen.refused);
    }
    /* the name that is allowed to our own calls is not so to strangers' ... */
    snprintf(url, sizeof url, "%s/ok#guarded", base);
    assert_int_equal(call(url), FETCH_NOT_SENT);
    assert_true(seen.refused);
    /* ... unless the operator says so */
    snprintf(exception, sizeof exception, "localhost%s", port);
    assert_true(outbound_start(exception));
    assert_int_equal(call(url), FETCH_ANSWERED);
    assert_string_equal(seen_body, "ok");
    assert_true(outbound_start(""));
    assert_int_equal(call(url), FETCH_NOT_SENT);
    assert_true(seen.refused);
}

static void a_name_that_moves_inside_leads_nowhere(void **state)
{
    int before = *acts;

    (void)state;
    lookups = 0;
    leads_to[0] = "127.0.0.1";
    leads_to[1] = "10.0.0.1";
    leads_to[2] = "::1";
    for (int i = 0; i < 3; i++) {
        forget_names();
        assert_int_equal(call("https://outside.test/act#post#guarded"), FETCH_NOT_SENT);
        assert_true(seen.refused);
    }
    assert_int_equal(lookups, 3);
    assert_int_equal(*acts, before);
}

static void a_guarded_redirect_is_not_followed(void **state)
{
    char exception[64], url[128];

    (void)state;
    snprintf(exception, sizeof exception, "localhost%s", strrchr(base, ':'));
    snprintf(url, sizeof url, "%s/moved#guarded", base);
    assert_true(outbound_start(exception));
    int before = *acts;
    assert_int_equal(call(url), FETCH_ANSWERED);
    assert_int_equal(seen.status, 302);
    assert_int_equal(*acts, before);
    assert_true(outbound_start(""));
}

static void inner_addresses_are_for_hosts_that_say_so(void **state)
{
    (void)state;
    assert_true(names_private("localhost:8087"));
    assert_true(names_private("twilio.localhost"));
    assert_true(names_private("127.0.0.1:1"));
    assert_true(names_private("[::1]"));
    assert_false(names_private("api.twilio.com"));
    assert_false(names_private("notlocalhost"));
    assert_false(names_private("localhost.evil.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_whole),
        cmocka_unit_test(a_redirect_is_an_answer_and_not_followed),
        cmocka_unit_test(what_left_and_was_not_answered_is_uncertain),
        cmocka_unit_test(what_never_left_was_not_sent),
        cmocka_unit_test(a_post_on_a_kept_connection_is_done_once),
        cmocka_unit_test(a_guarded_call_reaches_no_inner_address),
        cmocka_unit_test(a_name_that_moves_inside_leads_nowhere),
        cmocka_unit_test(a_guarded_redirect_is_not_followed),
        cmocka_unit_test(inner_addresses_are_for_hosts_that_say_so),
    };

    signal(SIGPIPE, SIG_IGN);
    log_level_set(LOG_ERROR);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
