/* price_sync: one job at a time: is it due, then country after country, then one call that takes them all. */
#include "sms/price_sync.h"

#include "app.h"
#include "caller.h"
#include "config.h"
#include "fetch.h"
#include "log.h"
#include "loop.h"
#include "sms/prices.h"
#include "sms/sender.h"

#define LOOK_MS 10000 /* between questions whether it is time; they cost one look at one row */
#define DEADLINE_MS 20000

static void look(void *unused);
static void look_over(void *unused);
static step sync_ask, sync_due, sync_answered, sync_put;
static void sync_next(struct req *rq);

static struct prices prices;
static bool under_way; /* a job exists */
static bool reading;   /* prices holds something */

void price_sync_start(void)
{
    loop_every(LOOK_MS, look, NULL);
}

static void look(void *unused)
{
    (void)unused;
    if (under_way || server_draining())
        return;
    under_way = true;
    struct req *job = req_job("price_sync", sync_ask, NULL);
    req_at_end(job, look_over, NULL);
}

static void look_over(void *unused)
{
    (void)unused;
    if (reading)
        prices_end(&prices);
    under_way = reading = false;
}

static void sync_ask(struct req *rq)
{
    db_call(rq, DB_WRITE, caller_system(rq, NULL), "prices_claim", ARGS(), sync_due);
}

static void sync_due(struct req *rq)
{
    if (db_row(rq)->status != 200 || !json_is_true(json_object_get(db_body(rq), "due")))
        return;
    prices_start(&prices, config_text("twilio_pricing_url"), config_text("currency"),
                 config_text("twilio_number_types"));
    reading = true;
    sync_next(rq);
}

static void sync_next(struct req *rq)
{
    const struct account *account = sender_account();
    const char *url = prices_next(&prices);
    if (server_draining())
        return; /* another worker's next look takes it up */
    if (!url) {
        db_call(rq, DB_WRITE, caller_system(rq, NULL), "prices_put",
                ARGS(db_text(config_text("currency")), db_json(rq, prices.taken)), sync_put);
        return;
    }
    fetch_call(rq,
               &(struct fetch_request){.method = "GET",
                                       .url = url,
                                       .user = account->user,
                                       .password = account->secret,
                                       .deadline_ms = DEADLINE_MS,
                                       .most = PRICES_ANSWER},
               sync_answered);
}

static void sync_answered(struct req *rq)
{
    if (prices_take(&prices, fetch_answer(rq)))
        sync_next(rq);
    else
        log_event(LOG_ERROR, rq, "prices_not_read", L_TEXT("why", prices.fault));
}

static void sync_put(struct req *rq)
{
    if (db_row(rq)->code)
        log_event(LOG_ERROR, rq, "prices_refused", L_TEXT("code", db_row(rq)->code), L_TEXT("why", db_row(rq)->body));
    else
        log_event(LOG_INFO, rq, "prices_read", L_INT("countries", (long long)json_array_size(prices.taken)),
                  L_INT("unread", (long long)prices.unread));
}
