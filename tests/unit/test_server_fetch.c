/* fetch: how far a request got decides whether it may be repeated, so every way to fail is tried against a real TLS
 * server that counts what it was asked to do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/fetch.c"
#include "server/db.h"

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
        say(tls, "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n");
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

static void inner_addresses_are_for_hosts_that_say_so(void **state)
{
    static const struct {
        const char *address;
        bool private;
    } CASES[] = {{"127.0.0.1", true},   {"10.1.2.3", true},        {"172.31.0.1", true}, {"172.32.0.1", false},
                 {"192.168.1.1", true}, {"169.254.169.254", true}, {"100.64.0.1", true}, {"8.8.8.8", false},
                 {"224.0.0.1", true},   {"0.0.0.0", true}};

    (void)state;
    for (size_t i = 0; i < LEN(CASES); i++) {
        struct in_addr address;
        assert_int_equal(inet_pton(AF_INET, CASES[i].address, &address), 1);
        assert_int_equal(is_private_v4(ntohl(address.s_addr)), CASES[i].private);
    }
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
        cmocka_unit_test(inner_addresses_are_for_hosts_that_say_so),
    };

    signal(SIGPIPE, SIG_IGN);
    log_level_set(LOG_ERROR);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
