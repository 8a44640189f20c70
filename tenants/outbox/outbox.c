/* outbox: when something is looked for, and how much at once. */
#include "outbox/outbox.h"

#include "app.h"
#include "caller.h"
#include "config.h"
#include "log.h"
#include "loop.h"
#include "text.h"

#define LOOK_MS 1000

static void look(void *unused);
static void look_over(void *unused);
static step look_begin, look_then;
static bool read_lane(json_t *item, struct lane *ret);
static void begin(const struct lane *lane);
static void job_over(void *unused);

static int under_way;
static bool looking;
static long long looked_ms;

void outbox_start(void)
{
    loop_every(LOOK_MS, look, NULL);
}

static void look(void *unused)
{
    (void)unused;
    if (server_draining() || looking || under_way >= config_int("webhook_concurrency"))
        return;
    looking = true;
    looked_ms = loop_now_ms();
    struct req *job = req_job("outbox_due", look_begin, NULL);
    req_at_end(job, look_over, NULL);
}

static void look_begin(struct req *rq)
{
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "outbox_due",
            ARGS(db_int(config_int("webhook_concurrency") - under_way)), look_then);
}

static void look_then(struct req *rq)
{
    size_t i;
    json_t *item;
    json_array_foreach(db_body(rq), i, item)
    {
        struct lane lane = {.since_ms = looked_ms};
        if (read_lane(item, &lane))
            begin(&lane);
    }
}

static void look_over(void *unused)
{
    (void)unused;
    looking = false;
}

static bool read_lane(json_t *item, struct lane *ret)
{
    const char *webhook = json_string_value(json_object_get(item, "webhook_id"));
    const char *store = json_string_value(json_object_get(item, "store_id"));
    ret->fence = json_integer_value(json_object_get(item, "fence"));
    return webhook && store && text_unuuid(webhook, ret->webhook) && text_unuuid(store, ret->store);
}

static void begin(const struct lane *lane)
{
    struct req *job = req_job("webhook_post", webhook_post_begin, NULL);
    job->state = req_alloc(job, sizeof(*lane));
    memcpy(job->state, lane, sizeof(*lane));
    req_at_end(job, job_over, NULL);
    under_way++;
}

static void job_over(void *unused)
{
    (void)unused;
    under_way--;
}
