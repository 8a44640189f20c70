/* fetch: libcurl's multi interface on the loop; curl tells which descriptors and which time to wait for. */
#include "fetch.h"
#include "crypt.h"
#include "log.h"
#include "loop.h"
#include "outbound.h"
#include "req_inside.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <unistd.h>

#define ANSWER_MOST (64 * 1024)
#define MOST_ALLOWED 8

/* One call; lives from fetch_call until the request's next await. */
struct fetch {
    struct req *rq;
    step *next;
    CURL *easy;
    struct fetch *before, *after; /* among those under way */
    char *form;                   /* the request's body; sent up to form_at */
    size_t form_len, form_at;
    char *body; /* the answer's */
    size_t len, most;
    char error[CURL_ERROR_SIZE];
    struct curl_slist *headers; /* or recipients */
    bool inner_allowed, refused, mail;
};

struct allowed {
    char *prefix;       /* scheme://host[:port] */
    bool inner_allowed; /* it names this machine or an address, so the operator means it */
};

static CURLM *multi;
static struct loop_timer *timer;
static struct fetch *under_way;
static struct allowed allowed[MOST_ALLOWED];
static size_t allowed_count;
static char *ca_file_kept, *guarded_ca_kept;

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch);
static int on_timer_wanted(CURLM *curl, long ms, void *arg);
static struct fetch *begin(struct req *rq, step *next);
static void go(struct fetch *fetch);
static void set_up(struct fetch *fetch, const struct fetch_request *request);
static void set_up_any(struct fetch *fetch, const char *url, long deadline_ms);
static void set_up_mail(struct fetch *fetch, const struct fetch_mail *mail);
static void take_body(struct fetch *fetch, const char *body);
static void collect(void);
static void finish(struct fetch *fetch, CURLcode code);

/* ---- start and stop ---- */

void fetch_start(const char *ca_file)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    if (!multi)
        die("libcurl does not start");
    ca_file_kept = ca_file && *ca_file ? strdup(ca_file) : NULL;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 128L);
}

/* Names that are this machine's or are addresses already; anything else must resolve to a public address. */
static bool names_private(const char *host)
{
    size_t len = strcspn(host, ":/");
    static const char LOCAL[] = "localhost";
    size_t local = sizeof LOCAL - 1;

    if (*host == '[' || strspn(host, "0123456789.") == len)
        return true;
    return len >= local && strncmp(host + len - local, LOCAL, local) == 0 &&
           (len == local || host[len - local - 1] == '.');
}

void fetch_allow(const char *url_prefix)
{
    size_t len = strlen(url_prefix);
    const char *host = strstr(url_prefix, "://");

    if (allowed_count == MOST_ALLOWED || !host)
        die("%s cannot be allowed", url_prefix);
    while (len && url_prefix[len - 1] == '/')
        len--;
    allowed[allowed_count].prefix = strndup(url_prefix, len);
    allowed[allowed_count++].inner_allowed = names_private(host + 3);
}

void fetch_guarded_ca(const char *ca_file)
{
    free(guarded_ca_kept);
    guarded_ca_kept = *ca_file ? strdup(ca_file) : NULL;
}

void fetch_stop(void)
{
    if (!multi)
        return;
    while (under_way)
        finish(under_way, CURLE_ABORTED_BY_CALLBACK);
    curl_multi_cleanup(multi);
    multi = NULL;
    curl_global_cleanup();
    while (allowed_count)
        free(allowed[--allowed_count].prefix);
    free(ca_file_kept);
    ca_file_kept = NULL;
    fetch_guarded_ca("");
}

/* ---- a call ---- */

static const struct allowed *find_allowed(const char *url)
{
    for (size_t i = 0; i < allowed_count; i++) {
        size_t len = strlen(allowed[i].prefix);
        if (strncmp(url, allowed[i].prefix, len) == 0 && (url[len] == '/' || url[len] == '\0'))
            return &allowed[i];
    }
    return NULL;
}

/* May it be called at all, and may its name lead to an inner address? */
static bool may_call(struct fetch *fetch, const struct fetch_request *request)
{
    const struct allowed *target = request->guarded ? NULL : find_allowed(request->url);

    fetch->inner_allowed = request->guarded ? outbound_excepted(request->url) : target && target->inner_allowed;
    fetch->refused = request->guarded ? !outbound_url(request->url) : !target;
    if (fetch->refused)
        snprintf(fetch->error, sizeof fetch->error, "host not on the allow-list");
    return !fetch->refused;
}

static void refuse_host(void *arg)
{
    finish(arg, CURLE_URL_MALFORMAT);
}

void fetch_call(struct req *rq, const struct fetch_request *request, step *next)
{
    struct fetch *fetch = begin(rq, next);

    if (!may_call(fetch, request)) {
        loop_defer(refuse_host, fetch);
        return;
    }
    set_up(fetch, request);
    go(fetch);
}

void fetch_mail(struct req *rq, const struct fetch_mail *mail, step *next)
{
    struct fetch *fetch = begin(rq, next);

    fetch->mail = true;
    fetch->inner_allowed = true; /* the server is the operator's choice */
    set_up_mail(fetch, mail);
    go(fetch);
}

static struct fetch *begin(struct req *rq, step *next)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);

    if (!fetch)
        die("no memory");
    req_await(rq);
    *fetch = (struct fetch){.rq = rq, .next = next, .after = under_way};
    if (under_way)
        under_way->before = fetch;
    under_way = fetch;
    return fetch;
}

static void go(struct fetch *fetch)
{
    if (curl_multi_add_handle(multi, fetch->easy) != CURLM_OK)
        die("libcurl takes no more work");
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    size_t len = size * count;

    if (len > fetch->most - fetch->len)
        return 0; /* too much: the transfer fails, and its outcome is uncertain */
    fetch->body = realloc(fetch->body, fetch->len + len + 1);
    if (!fetch->body)
        die("no memory");
    memcpy(fetch->body + fetch->len, bytes, len);
    fetch->len += len;
    fetch->body[fetch->len] = '\0';
    return len;
}

/* Looked at where it counts, after the name was resolved: a name that moves to an inner address leads nowhere. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct fetch *fetch = arg;

    (void)purpose;
    if (!fetch->inner_allowed && outbound_inner(&where->addr)) {
        fetch->refused = true;
        snprintf(fetch->error, sizeof fetch->error, "the name leads to an address that is not public");
        return CURL_SOCKET_BAD;
    }
    fetch->refused = false; /* another address of the same name may do */
    return socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

static size_t on_form(char *out, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    size_t len = fetch->form_len - fetch->form_at;

    len = len < size * count ? len : size * count;
    memcpy(out, fetch->form + fetch->form_at, len);
    fetch->form_at += len;
    return len;
}

/* When a kept connection dies before the answer, curl sends the request again on a fresh one, though the other side may
 * have acted on the first. It must take the body from the start for that: a body that cannot be rewound makes it give
 * up. */
static void set_up_form(struct fetch *fetch, const char *form)
{
    take_body(fetch, form);
    curl_easy_setopt(fetch->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE, (long)fetch->form_len);
}

static void take_body(struct fetch *fetch, const char *body)
{
    fetch->form = strdup(body);
    fetch->form_len = strlen(body);
    curl_easy_setopt(fetch->easy, CURLOPT_READFUNCTION, on_form);
    curl_easy_setopt(fetch->easy, CURLOPT_READDATA, fetch);
}

/* A connection of its own: one that another mail left may be half dead, and there are few mails. */
static void set_up_mail(struct fetch *fetch, const struct fetch_mail *mail)
{
    set_up_any(fetch, mail->url, mail->deadline_ms);
    CURL *easy = fetch->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, mail->plain ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (guarded_ca_kept)
        curl_easy_setopt(easy, CURLOPT_CAINFO, guarded_ca_kept);
    if (mail->user) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password ? mail->password : "");
    }
    fetch->headers = curl_slist_append(NULL, mail->to);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, fetch->headers);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    take_body(fetch, mail->message);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE, (long)fetch->form_len);
}

/* No connection that another call was allowed is lent to it, nor its own to others. */
static void set_up_guarded(struct fetch *fetch)
{
    curl_easy_setopt(fetch->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(fetch->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(fetch->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (fetch->inner_allowed)
        curl_easy_setopt(fetch->easy, CURLOPT_PROTOCOLS_STR, "http,https");
}

/* What holds for every protocol. */
static void set_up_any(struct fetch *fetch, const char *url, long deadline_ms)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        die("no memory");
    fetch->easy = easy;
    fetch->most = ANSWER_MOST;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, deadline_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
}

static void set_up(struct fetch *fetch, const struct fetch_request *request)
{
    set_up_any(fetch, request->url, request->deadline_ms);
    CURL *easy = fetch->easy;
    if (request->most)
        fetch->most = request->most;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    const char *ca_file = request->guarded ? guarded_ca_kept : ca_file_kept;
    if (ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (request->guarded)
        set_up_guarded(fetch);
    if (request->user) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password ? request->password : "");
    }
    if (request->form)
        set_up_form(fetch, request->form);
    for (const char *const *header = request->headers; header && *header; header++)
        fetch->headers = curl_slist_append(fetch->headers, *header);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* ---- curl and the loop ---- */

static void on_ready(void *arg, int events)
{
    int running, fd = (int)(intptr_t)arg;
    int mask = ((events & LOOP_READ) ? CURL_CSELECT_IN : 0) | ((events & LOOP_WRITE) ? CURL_CSELECT_OUT : 0);

    curl_multi_socket_action(multi, fd, mask, &running);
    collect();
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
    int events = ((what & CURL_POLL_IN) ? LOOP_READ : 0) | ((what & CURL_POLL_OUT) ? LOOP_WRITE : 0);

    (void)easy;
    (void)arg;
    if (what == CURL_POLL_REMOVE)
        loop_unwatch(watch);
    else if (watch)
        loop_rewatch(watch, events);
    else
        curl_multi_assign(multi, fd, loop_watch(fd, events, on_ready, (void *)(intptr_t)fd));
    return 0;
}

static void on_time(void *arg)
{
    int running;

    (void)arg;
    timer = NULL;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect();
}

static int on_timer_wanted(CURLM *curl, long ms, void *arg)
{
    (void)curl;
    (void)arg;
    loop_cancel(timer);
    timer = ms >= 0 ? loop_after(ms, on_time, NULL) : NULL;
    return 0;
}

static void collect(void)
{
    CURLMsg *message;
    int left;

    while (multi && (message = curl_multi_info_read(multi, &left))) {
        struct fetch *fetch;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        finish(fetch, code);
    }
}

/* ---- the end ---- */

static void release(void *held)
{
    struct fetch *fetch = held;

    if (fetch->form)
        crypt_wipe(fetch->form, fetch->form_len); /* a code is in it */
    free(fetch->form);
    free(fetch->body);
    curl_slist_free_all(fetch->headers);
    free(fetch);
}

/* Not one byte of a request out: certainly not processed. Any byte out and no whole answer: nobody knows. */
static enum fetch_end how_far(CURL *easy, CURLcode code)
{
    long sent = 0;

    if (code == CURLE_OK)
        return FETCH_ANSWERED;
    if (easy)
        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent ? FETCH_UNCERTAIN : FETCH_NOT_SENT;
}

static void finish(struct fetch *fetch, CURLcode code)
{
    struct fetch_answer *answer = &inside(fetch->rq)->fetched;
    long status = 0;
    curl_off_t retry_after = 0;

    if (fetch->before)
        fetch->before->after = fetch->after;
    else
        under_way = fetch->after;
    if (fetch->after)
        fetch->after->before = fetch->before;
    *answer = (struct fetch_answer){.end = how_far(fetch->easy, code)};
    if (fetch->easy) {
        curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry_after);
        curl_multi_remove_handle(multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
        fetch->easy = NULL;
    }
    if (answer->end == FETCH_ANSWERED || fetch->mail)
        answer->status = (int)status;
    answer->retry_after_s = (long)retry_after;
    answer->refused = fetch->refused;
    answer->body = fetch->body ? fetch->body : "";
    answer->body_len = fetch->len;
    answer->error = *fetch->error ? fetch->error : curl_easy_strerror(code);
    req_resume(fetch->rq, fetch->next, fetch, release);
}

const struct fetch_answer *fetch_answer(struct req *rq)
{
    return &inside(rq)->fetched;
}

struct fetch_answer fetch_once(const struct fetch_request *request, char **ret_body)
{
    struct fetch fetch = {0};
    CURLcode code = CURLE_URL_MALFORMAT;
    long status = 0;

    if (may_call(&fetch, request)) {
        set_up(&fetch, request);
        code = curl_easy_perform(fetch.easy);
        curl_easy_getinfo(fetch.easy, CURLINFO_RESPONSE_CODE, &status);
    }
    struct fetch_answer answer = {.end = how_far(fetch.easy, code), .error = curl_easy_strerror(code)};
    if (answer.end == FETCH_ANSWERED)
        answer.status = (int)status;
    answer.refused = fetch.refused;
    answer.body_len = fetch.len;
    answer.body = *ret_body = fetch.body ? fetch.body : strdup("");
    curl_easy_cleanup(fetch.easy);
    curl_slist_free_all(fetch.headers);
    free(fetch.form);
    return answer;
}
