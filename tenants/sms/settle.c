/* settle: asks the provider what a text really cost, and settles it. sends_due says when, and gives up in the end. */
#include "sms/sender.h"

#include "caller.h"
#include "config.h"
#include "counts.h"
#include "fetch.h"
#include "log.h"
#include "text.h"

#define LOOK_DEADLINE_MS 5000

struct settle {
    const struct provider *provider;
    struct twilio_seen seen;
};

static step settle_known, settle_answered, settle_recorded;

void settle_begin(struct req *rq)
{
    struct errand *errand = rq->state;
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "send_look", ARGS(db_uuid(errand->send)), settle_known);
}

static void settle_known(struct req *rq)
{
    struct errand *errand = rq->state;
    if (db_row(rq)->status != 200)
        return; /* settled meanwhile */
    struct settle *settle = errand->state = req_alloc(rq, sizeof(*settle));
    const struct account *account = sender_account();
    const char *sid = json_string_value(json_object_get(db_body(rq), "sid"));
    char url[PROVIDER_URL];
    settle->provider = sender_provider(json_string_value(json_object_get(db_body(rq), "provider")));
    if (!settle->provider->is_sid(sid))
        return;
    settle->provider->look(account, sid, url);
    fetch_call(rq,
               &(struct fetch_request){.method = "GET",
                                       .url = url,
                                       .user = account->user,
                                       .password = account->secret,
                                       .deadline_ms = LOOK_DEADLINE_MS},
               settle_answered);
}

/* Another currency than ours cannot be counted: the text stays at the price reserved, and an operator hears of it. */
static void settle_answered(struct req *rq)
{
    struct errand *errand = rq->state;
    struct settle *settle = errand->state;
    struct twilio_seen *seen = &settle->seen;
    if (!settle->provider->looked(fetch_answer(rq), seen))
        return; /* the next look is already due */
    bool ours = !seen->has_price || strcmp(seen->currency, config_text("currency")) == 0;
    if (!ours)
        log_event(LOG_ERROR, rq, "price_currency", L_TEXT("sid", seen->sid), L_TEXT("currency", seen->currency));
    db_call(rq, DB_ALONE, caller_system(rq, errand->tenant), "send_settle",
            ARGS(db_uuid(errand->send), seen->has_price && ours ? db_int(seen->price_micros) : db_null_int(),
                 seen->segments > 0 ? db_int(seen->segments) : db_null_int()),
            settle_recorded);
}

static void settle_recorded(struct req *rq)
{
    struct errand *errand = rq->state;
    struct settle *settle = errand->state;
    if (settle->seen.has_price && !db_row(rq)->code)
        counts_send("settled");
}
