/* A JSON body from the wire to the answer: dispatch, the typed reads, and the 422 that lists what is wrong. */
#include "server/dispatch.h"
#include "server/json.h"
#include "server/log.h"
#include "server/req_inside.h"
#include "server/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bool server_draining(void)
{
    return false;
}

const char *server_why_unfit(void)
{
    return NULL;
}

static int host_class(const char *host)
{
    (void)host;
    return 0;
}

static bool admit(struct req *rq)
{
    (void)rq;
    return true;
}

static size_t body_limit(int class)
{
    (void)class;
    return 16384;
}

static void headers(struct req *rq, int class)
{
    (void)rq;
    (void)class;
}

static bool is_short(const char *text)
{
    return strlen(text) < 10;
}

static void handler(struct req *rq)
{
    static const char *const ROLES[] = {"owner", "admin", NULL};
    const char *name = json_need_text(rq, "/name", 1, 80);

    json_need_text(rq, "/user/email", 1, 254);
    json_may_word(rq, "/user/role", ROLES);
    json_may_int(rq, "/life", 120, 600, 300);
    json_may_bool(rq, "/on", true);
    json_may_texts(rq, "/list", 10, is_short);
    if (json_done(rq))
        req_reply_json(rq, 200, json_pack("{ss}", "name", name));
}

static const struct route ROUTES[] = {{"POST", "/", 0, 0, BODY_JSON, handler, "fuzz"}};
static const struct app APP = {
    .name = "fuzz",
    .routes = ROUTES,
    .route_count = 1,
    .host_class = host_class,
    .static_host_class = -1,
    .admit = admit,
    .body_limit = body_limit,
    .headers = headers,
};

/* Whatever came in, the answer is JSON. */
static void check_answer(struct req *rq)
{
    struct req_inside *in = inside(rq);
    json_t *body;

    dispatch(rq);
    body = json_loadb(in->answer, in->answer_len, JSON_REJECT_DUPLICATES, NULL);
    if (!in->replied || !body || (in->status != 200 && in->status != 400 && in->status != 422 && in->status != 413))
        abort();
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    struct req *rq;

    if (!started) {
        log_level_set(LOG_ERROR + 1);
        dispatch_start(&APP);
        started = true;
    }
    rq = req_new(false, "fuzz");
    rq->method = "POST";
    rq->path = "/";
    rq->host = "fuzz";
    rq->address = "192.0.2.1";
    rq->content_type = "application/json";
    rq->body = req_copy(rq, data, size);
    rq->body_len = size;
    req_run(rq, check_answer);
    if (req_live())
        abort();
    return 0;
}
