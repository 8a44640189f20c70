/* req: from the first byte to the answer: the arena, one await at a time, the answer, the end.
 *
 * A request dies when `client`, `awaiting` and `running` are all clear, so it outlives whichever ends last: h2o's
 * request or the awaited call (rule R1). h2o tells us that its request has died by disposing a cell in its pool. Jobs
 * have no client and die when `ended` is set. See req_inside.h for the fields. */
#include <h2o.h>

#include "req_inside.h"
#include "crypt.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "route.h"
#include "text.h"

#include <assert.h>
#include <time.h>

#define FIRST_CHUNK 8192
#define SPARE_CHUNKS 128

struct req_chunk {
    struct req_chunk *next;
    size_t room, used;
    _Alignas(16) char bytes[];
};

struct req_secret {
    struct req_secret *next;
    void *bytes;
    size_t len;
};

struct req_json {
    struct req_json *next;
    json_t *value;
};

struct req_end {
    struct req_end *next;
    void (*fn)(void *arg);
    void *arg;
};

static size_t live, busy;
static bool closing;
static struct metric *live_gauge;

#ifdef __SANITIZE_ADDRESS__
enum { RECYCLE = false }; /* let the sanitizer see every use after the end */
#else
enum { RECYCLE = true };
#endif
static struct req_chunk *spare[SPARE_CHUNKS];
static size_t spare_count;

static void settle(struct req_inside *in);
static void send_answer(struct req_inside *in);
static void maybe_free(struct req_inside *in);
static void on_client_gone(void *cell);
static void access_log(struct req_inside *in);

/* ---- birth ---- */

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        die("no memory");
    return memory;
}

struct req *req_new(bool job, const char *label)
{
    struct req_chunk *chunk = spare_count ? spare[--spare_count] : allocate(FIRST_CHUNK);
    struct req_inside *in = (struct req_inside *)chunk->bytes;

    *chunk = (struct req_chunk){.room = FIRST_CHUNK - sizeof *chunk, .used = (sizeof *in + 15) & ~(size_t)15};
    memset(in, 0, sizeof *in);
    in->chunks = chunk;
    in->job = job;
    in->label = label;
    in->began_us = req_now_us();
    in->pub.method = in->pub.path = in->pub.query = in->pub.host = in->pub.address = "";
    in->pub.content_type = in->pub.body = "";
    text_uuid7(in->pub.id);
    live++;
    req_live_discount(0);
    return &in->pub;
}

void req_bind(struct req *rq, struct st_h2o_req_t *client)
{
    struct req_inside **cell = h2o_mem_alloc_shared(&client->pool, sizeof *cell, on_client_gone);

    *cell = inside(rq);
    inside(rq)->client = client;
    busy++;
}

static void job_begins(void *arg)
{
    req_run(arg, inside(arg)->first);
}

struct req *req_job(const char *name, step *first, void *state)
{
    struct req *rq = req_new(true, name);

    rq->state = state;
    inside(rq)->first = first;
    loop_defer(job_begins, rq);
    return rq;
}

int64_t req_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

size_t req_live(void)
{
    return live;
}

void req_meters(const char *product)
{
    char name[64];

    snprintf(name, sizeof name, "%s_requests_live", product);
    live_gauge = metrics_gauge(name, NULL, "requests and jobs that have not ended");
}

void req_live_discount(size_t count)
{
    if (live_gauge)
        metrics_set(live_gauge, (int64_t)(live - count));
}

size_t req_busy(void)
{
    return busy;
}

void req_close_connections(void)
{
    closing = true;
}

/* ---- steps and awaits ---- */

void req_run(struct req *rq, step *fn)
{
    struct req_inside *in = inside(rq);

    assert(!in->running);
    in->running = true;
    fn(rq);
    in->running = false;
    settle(in);
}

/* Rule R4. A step that did both has its answer sent and its await forgotten; one that did neither is answered here. */
static void settle(struct req_inside *in)
{
    if (in->replied && in->awaiting && !in->sent) {
        log_event(LOG_ERROR, &in->pub, "step_replied_and_awaits", L_TEXT("label", in->label));
        assert(!"a step replied and awaits");
    }
    if (in->job) {
        in->ended = in->ended || !in->awaiting;
    } else if (!in->replied && !in->awaiting) {
        log_event(LOG_ERROR, &in->pub, "step_did_nothing", L_TEXT("label", in->label));
        assert(!"a step neither replied nor awaits");
        req_fail(&in->pub, "internal");
    }
    if (in->replied && !in->sent)
        send_answer(in);
    maybe_free(in);
}

void req_await(struct req *rq)
{
    struct req_inside *in = inside(rq);

    if (in->awaiting)
        die("%s awaits twice", in->label);
    if (in->release)
        in->release(in->held);
    in->release = NULL;
    in->held = NULL;
    in->has_row = false;
    in->row_body = NULL;
    in->awaiting = true;
    in->await_us = req_now_us();
}

static void await_over(struct req_inside *in)
{
    assert(in->awaiting);
    in->awaiting = false;
    in->awaited_us += req_now_us() - in->await_us;
}

void req_resume(struct req *rq, step *next, void *held, void (*release)(void *held))
{
    struct req_inside *in = inside(rq);

    await_over(in);
    in->held = held;
    in->release = release;
    if (in->sent || in->ended)
        maybe_free(in);
    else
        req_run(rq, next);
}

void req_refuse(struct req *rq, const char *code)
{
    struct req_inside *in = inside(rq);

    await_over(in);
    if (in->job) {
        log_event(LOG_WARN, rq, "job_refused", L_TEXT("job", in->label), L_TEXT("code", code));
        in->ended = true;
    } else if (!in->replied) {
        req_fail(rq, code);
    }
    settle(in);
}

void req_done(struct req *rq)
{
    inside(rq)->ended = true;
}

/* ---- arena ---- */

void *req_alloc(struct req *rq, size_t size)
{
    struct req_inside *in = inside(rq);
    struct req_chunk *chunk = in->chunks;
    void *memory;

    size = (size + 15) & ~(size_t)15;
    if (chunk->room - chunk->used < size) {
        size_t room = size > FIRST_CHUNK ? size : FIRST_CHUNK;
        chunk = allocate(sizeof *chunk + room);
        *chunk = (struct req_chunk){.next = in->chunks, .room = room};
        in->chunks = chunk;
    }
    memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memset(memory, 0, size);
}

char *req_copy(struct req *rq, const void *bytes, size_t len)
{
    char *copy = req_alloc(rq, len + 1);

    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

char *req_printf(struct req *rq, const char *format, ...)
{
    va_list args, again;
    char *text;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    text = req_alloc(rq, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void req_secret(struct req *rq, void *bytes, size_t len)
{
    struct req_secret *secret = req_alloc(rq, sizeof *secret);

    *secret = (struct req_secret){inside(rq)->secrets, bytes, len};
    inside(rq)->secrets = secret;
}

void req_defer_json(struct req *rq, json_t *value)
{
    struct req_json *kept = req_alloc(rq, sizeof *kept);

    *kept = (struct req_json){inside(rq)->jsons, value};
    inside(rq)->jsons = kept;
}

void req_at_end(struct req *rq, void (*fn)(void *arg), void *arg)
{
    struct req_end *end = req_alloc(rq, sizeof *end);

    *end = (struct req_end){inside(rq)->ends, fn, arg};
    inside(rq)->ends = end;
}

/* ---- the answer leaves ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } REASONS[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < LEN(REASONS); i++)
        if (REASONS[i].status == status)
            return REASONS[i].words;
    return "Other";
}

static void fill_response(struct req_inside *in)
{
    h2o_req_t *client = in->client;
    bool empty = in->status == 204 || in->status == 304;

    client->res.status = in->status;
    client->res.reason = reason(in->status);
    client->res.content_length = empty ? SIZE_MAX : in->answer_len;
    if (closing || in->close_after)
        client->http1_is_persistent = 0;
    h2o_vector_reserve(&client->pool, &client->res.headers, in->answer_field_count + 1);
    for (size_t i = 0; i < in->answer_field_count; i++) {
        const struct req_field *field = &in->answer_fields[i];
        h2o_add_header_by_str(&client->pool, &client->res.headers, field->name, strlen(field->name), 0, NULL,
                              field->value, strlen(field->value));
    }
    if (in->content_type)
        h2o_add_header(&client->pool, &client->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, in->content_type,
                       strlen(in->content_type));
}

/* Body and fields stay in the arena, which lives until h2o is done with them: nothing is copied. */
static void send_answer(struct req_inside *in)
{
    static h2o_generator_t generator; /* everything is sent at once: nothing to proceed with or to stop */
    h2o_iovec_t body = h2o_iovec_init(in->answer, in->answer_len);
    bool empty = in->status == 204 || in->status == 304 || in->is_head || !in->answer_len;

    in->sent = true;
    access_log(in);
    if (!in->client)
        return; /* the client has gone (rule R5); busy was counted down then */
    busy--;
    fill_response(in);
    h2o_start_response(in->client, &generator);
    h2o_send(in->client, &body, empty ? 0 : 1, H2O_SEND_STATE_FINAL);
}

const char *req_transplant(struct req *rq, size_t *ret_len)
{
    struct req_inside *in = inside(rq);

    in->sent = true;
    access_log(in);
    busy--;
    memset(&in->client->res.headers, 0, sizeof in->client->res.headers);
    fill_response(in);
    *ret_len = in->is_head ? 0 : in->answer_len;
    return in->answer;
}

static void access_log(struct req_inside *in)
{
    int64_t total = req_now_us() - in->began_us;
    char tenant[TEXT_TYPEID] = "", user[TEXT_TYPEID] = "";
    static const uint8_t nobody[16];

    if (in->meter) {
        metrics_add(in->meter->status[in->status / 100 % 6], 1);
        metrics_observe(in->meter->time, total);
    }
    if (memcmp(in->row.tenant_id, nobody, 16) != 0)
        text_typeid("tenant", in->row.tenant_id, tenant);
    if (memcmp(in->row.user_id, nobody, 16) != 0)
        text_typeid("user", in->row.user_id, user);
    log_event(in->meter ? LOG_INFO : LOG_DEBUG, &in->pub, "request", L_TEXT("method", in->pub.method),
              L_TEXT("route", in->label), L_INT("status", in->status), L_INT("us", total),
              L_INT("awaited_us", in->awaited_us), L_TEXT("tenant", tenant), L_TEXT("user", user),
              L_TEXT("client", in->client ? "there" : "gone"));
}

/* ---- the end ---- */

static void on_client_gone(void *cell)
{
    struct req_inside *in = *(struct req_inside **)cell;

    in->client = NULL;
    if (!in->sent)
        busy--;
    maybe_free(in);
}

static void maybe_free(struct req_inside *in)
{
    struct req_chunk *chunk, *next;

    if (in->client || in->awaiting || in->running || (in->job && !in->ended))
        return;
    if (in->release)
        in->release(in->held);
    for (struct req_end *end = in->ends; end; end = end->next)
        end->fn(end->arg);
    for (struct req_json *kept = in->jsons; kept; kept = kept->next)
        json_decref(kept->value);
    for (struct req_secret *secret = in->secrets; secret; secret = secret->next)
        crypt_wipe(secret->bytes, secret->len);
    live--;
    req_live_discount(0);
    for (chunk = in->chunks; chunk; chunk = next) { /* the first chunk made holds `in` itself and comes last */
        next = chunk->next;
        if (!next && RECYCLE && spare_count < SPARE_CHUNKS)
            spare[spare_count++] = chunk;
        else
            free(chunk);
    }
}
