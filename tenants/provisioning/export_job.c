/* export_job: makes the exports that were asked for, batch by batch, one export of this worker at a time. */
#include "provisioning/provisioning.h"

#include "app.h"
#include "caller.h"
#include "loop.h"
#include "text.h"

#define EXPORT_MS 1000

struct errand {
    uint8_t tenant[16], export[16];
};

static bool busy;

static void begin(void *unused);
static void end(void *unused);
static step look, look_then, next_batch, next_batch_then;

void export_job_start(void)
{
    loop_every(EXPORT_MS, begin, NULL);
}

static void begin(void *unused)
{
    (void)unused;
    if (busy || server_draining())
        return;
    busy = true;
    struct req *rq = req_job("exports", look, NULL);
    req_at_end(rq, end, NULL);
}

static void end(void *unused)
{
    (void)unused;
    busy = false;
}

static void look(struct req *rq)
{
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "exports_due", ARGS(), look_then);
}

static void look_then(struct req *rq)
{
    json_t *due = json_array_get(db_body(rq), 0);
    const char *tenant = json_string_value(json_object_get(due, "tenant_id"));
    const char *export = json_string_value(json_object_get(due, "export_id"));
    struct errand *errand = rq->state = req_alloc(rq, sizeof(*errand));
    if (tenant && export && text_unuuid(tenant, errand->tenant) && text_unuuid(export, errand->export))
        next_batch(rq);
}

static void next_batch(struct req *rq)
{
    struct errand *errand = rq->state;
    db_call(rq, DB_SLOW, caller_system(rq, errand->tenant), "export_step", ARGS(db_uuid(errand->export)),
            next_batch_then);
}

static void next_batch_then(struct req *rq)
{
    if (json_is_true(json_object_get(db_body(rq), "more")) && !server_draining())
        next_batch(rq);
}
