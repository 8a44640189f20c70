/* chain_job: chains the audit trails, and writes the heads of all chains to the log. Kept elsewhere, the log proves
 * later that no line was cut off or replaced: `tillgate audit verify CONFIG --anchor LOG`. */
#include "provisioning/provisioning.h"

#include "app.h"
#include "caller.h"
#include "log.h"
#include "loop.h"

#define CHAIN_MS 1000

static void begin(void *unused);
static step chain_next, chain_next_then;

void chain_job_start(void)
{
    loop_every(CHAIN_MS, begin, NULL);
}

static void begin(void *unused)
{
    (void)unused;
    if (!server_draining())
        req_job("events_chain", chain_next, NULL);
}

static void chain_next(struct req *rq)
{
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "events_chain", ARGS(), chain_next_then);
}

static void chain_next_then(struct req *rq)
{
    size_t i;
    json_t *head;
    json_array_foreach(json_object_get(db_body(rq), "heads"), i, head)
    {
        log_event(LOG_INFO, rq, "chain_head", L_TEXT("tenant", json_string_value(json_object_get(head, "tenant"))),
                  L_TEXT("chain", json_string_value(json_object_get(head, "chain"))),
                  L_INT("line", (long long)json_integer_value(json_object_get(head, "line"))),
                  L_TEXT("hash", json_string_value(json_object_get(head, "hash"))));
    }
    if (json_is_true(json_object_get(db_body(rq), "more")) && !server_draining())
        chain_next(rq);
}
