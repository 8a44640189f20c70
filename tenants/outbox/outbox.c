/* outbox: when something is looked for, and how much at once. */
#include "outbox/outbox.h"

#include "app.h"
#include "caller.h"
#include "config.h"
#include "log.h"
#include "loop.h"
#include "text.h"

#define LOOK_MS 1000
#define MAILS_MOST 8 /* under way per worker */

static void look(void *unused);
static void look_over(void *unused);
static step look_begin, look_then;
static void begin_lane(json_t *item);
static void begin_mail(json_t *item);
static bool read_id(json_t *item, const char *member, uint8_t ret[static 16]);
static void begin(const char *name, step *first, const void *state, size_t size, int *count);
static void job_over(void *count);

static int webhooks_under_way, mails_under_way;
static bool looking;
static long long looked_ms;

bool outbox_check(void)
{
    return mail_post_check();
}

void outbox_start(void)
{
    loop_every(LOOK_MS, look, NULL);
}

static void look(void *unused)
{
    (void)unused;
    if (server_draining() || looking)
        return;
    looking = true;
    looked_ms = loop_now_ms();
    struct req *job = req_job("outbox_due", look_begin, NULL);
    req_at_end(job, look_over, NULL);
}

static void look_begin(struct req *rq)
{
    int64_t webhooks = config_int("webhook_concurrency") - webhooks_under_way;
    int64_t mails = MAILS_MOST - mails_under_way;
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "outbox_due",
            ARGS(db_int(webhooks > 0 ? webhooks : 0), mail_post_can() ? db_int(mails) : db_null_int()), look_then);
}

static void look_then(struct req *rq)
{
    size_t i;
    json_t *item;
    json_array_foreach(db_body(rq), i, item)
    {
        if (json_object_get(item, "webhook_id"))
            begin_lane(item);
        else
            begin_mail(item);
    }
}

static void look_over(void *unused)
{
    (void)unused;
    looking = false;
}

static void begin_lane(json_t *item)
{
    struct lane lane = {.fence = json_integer_value(json_object_get(item, "fence")), .since_ms = looked_ms};
    if (read_id(item, "webhook_id", lane.webhook) && read_id(item, "store_id", lane.store))
        begin("webhook_post", webhook_post_begin, &lane, sizeof(lane), &webhooks_under_way);
}

static void begin_mail(json_t *item)
{
    struct errand_mail errand = {.fence = json_integer_value(json_object_get(item, "fence")), .since_ms = looked_ms};
    if (read_id(item, "tenant_id", errand.tenant) && read_id(item, "mail_id", errand.mail))
        begin("mail_post", mail_post_begin, &errand, sizeof(errand), &mails_under_way);
}

static bool read_id(json_t *item, const char *member, uint8_t ret[static 16])
{
    const char *text = json_string_value(json_object_get(item, member));
    return text && text_unuuid(text, ret);
}

static void begin(const char *name, step *first, const void *state, size_t size, int *count)
{
    struct req *job = req_job(name, first, NULL);
    job->state = req_copy(job, state, size);
    req_at_end(job, job_over, count);
    ++*count;
}

static void job_over(void *count)
{
    --*(int *)count;
}
