/* delivery: one send to Twilio: claim it (committed), post it, record how that ended. */
#include "sms/sender.h"

#include "caller.h"
#include "counts.h"
#include "factors/code.h"
#include "factors/phone_number.h"
#include "fetch.h"
#include "log.h"
#include "loop.h"
#include "sms/callbacks.h"
#include "sms/opened.h"
#include "sms/texts.h"
#include "text.h"

#define POST_DEADLINE_MS 5000 /* the user is told within 5 s (product.md) */
#define TRIES 6               /* 0.5, 1, 2, 4, 4 s apart; 429 does not count */
#define LATER_MS 30000        /* Twilio's queue for our sender is full */

struct delivery {
    int64_t fence;
    int64_t attempt;
    long seconds_left;
    const struct provider *provider;
    const char *service; /* the messaging service that posts it, or "" */
    bool may_move;       /* to the second messaging service, which it has not been to */
    bool moved;
};

static step delivery_claimed, delivery_posted, delivery_recorded;
static void choose_sender(struct delivery *delivery, json_t *body);
static bool write_post(struct req *rq, struct provider_post *ret);
static void log_refusal(struct req *rq, const struct fetch_answer *answer, const struct twilio_outcome *outcome);
static void record_posted(struct req *rq, const struct twilio_outcome *outcome);
static void record(struct req *rq, const char *outcome, const char *sid, long error, const char *reason, long retry_ms);
static long pause_ms(int64_t attempt);

void delivery_begin(struct req *rq)
{
    struct errand *errand = rq->state;
    db_call(rq, DB_ALONE, caller_system(rq, errand->tenant), "send_claim", ARGS(db_uuid(errand->send)),
            delivery_claimed);
}

static void delivery_claimed(struct req *rq)
{
    struct errand *errand = rq->state;
    if (db_row(rq)->status != 200) {
        counts_send("gone"); /* another worker has it, or its code is dead */
        return;
    }
    struct delivery *delivery = errand->state = req_alloc(rq, sizeof(*delivery));
    json_t *body = db_body(rq);
    const char *mode = json_string_value(json_object_get(body, "mode"));
    delivery->fence = json_integer_value(json_object_get(body, "fence"));
    delivery->attempt = json_integer_value(json_object_get(body, "attempt"));
    delivery->seconds_left = (long)json_integer_value(json_object_get(body, "expires_in"));
    choose_sender(delivery, body);

    struct provider_post post;
    if (!mode || strcmp(mode, "live") != 0) {
        record(rq, "delivered", NULL, 0, NULL, 0); /* a test key's: never spends money */
        return;
    }
    if (!write_post(rq, &post)) {
        record(rq, "failed", NULL, 0, "unknown", 0);
        return;
    }
    if (!flow_take(sender_flow(), loop_now_ms())) {
        crypt_wipe(&post, sizeof(post));
        record(rq, "retry", NULL, 0, "provider_down", flow_wait_ms(sender_flow(), loop_now_ms()) + pause_ms(1));
        return;
    }
    const struct account *account = sender_account();
    fetch_call(rq,
               &(struct fetch_request){.method = "POST",
                                       .url = post.url,
                                       .user = account->user,
                                       .password = account->secret,
                                       .form = post.form,
                                       .deadline_ms = POST_DEADLINE_MS},
               delivery_posted);
    crypt_wipe(&post, sizeof(post));
}

/* A text that was moved to another sender stays there; one that was not may move, once. */
static void choose_sender(struct delivery *delivery, json_t *body)
{
    const struct account *account = sender_account();
    const char *sender = json_string_value(json_object_get(body, "sender"));
    bool second = sender && strcmp(sender, account->service[1]) == 0;
    delivery->provider = sender_provider(NULL);
    delivery->service = account->service[second];
    delivery->may_move = delivery->provider == &PROVIDER_MESSAGING && !sender && *account->service[1];
}

/* Opens number and code, composes the text, and encodes it. False, and logged, when something of it cannot be. */
static bool write_post(struct req *rq, struct provider_post *ret)
{
    struct errand *errand = rq->state;
    struct delivery *delivery = errand->state;
    struct opened opened;
    char text[TEXTS_ROOM], url[CALLBACKS_URL];
    if (!opened_read(rq, errand->tenant, &opened) || !opened.has_number || !opened.has_code) {
        log_event(LOG_ERROR, rq, "send_unreadable");
        return false;
    }
    callbacks_url(errand->tenant, errand->send, url);
    const struct account *account = sender_account();
    bool good = texts_compose(&(struct text_parts){.purpose = opened.purpose,
                                                   .locale = opened.locale,
                                                   .code = opened.code,
                                                   .store = opened.store,
                                                   .slug = opened.slug,
                                                   .host = opened.host,
                                                   .seconds = delivery->seconds_left},
                              text) &&
                delivery->provider->post(account,
                                         &(struct twilio_message){.to = opened.number,
                                                                  .from = account->from,
                                                                  .messaging_service = delivery->service,
                                                                  .body = text,
                                                                  .status_callback = url,
                                                                  .seconds_left = delivery->seconds_left,
                                                                  .code = opened.code,
                                                                  .locale = opened.locale},
                                         ret);
    if (!good)
        log_event(LOG_ERROR, rq, "send_too_long", L_TEXT("host", opened.host));
    crypt_wipe(text, sizeof(text));
    crypt_wipe(&opened, sizeof(opened));
    return good;
}

static void delivery_posted(struct req *rq)
{
    struct errand *errand = rq->state;
    struct delivery *delivery = errand->state;
    const struct fetch_answer *answer = fetch_answer(rq);
    struct twilio_outcome outcome = delivery->provider->posted(answer);
    bool well = answer->end == FETCH_ANSWERED && answer->status < 500 && outcome.verdict != TWILIO_CONFIG;
    flow_ended(sender_flow(), outcome.slow_down ? FLOW_SLOW_DOWN : well ? FLOW_GOOD : FLOW_BAD, loop_now_ms());
    if (outcome.verdict != TWILIO_ACCEPTED)
        log_refusal(rq, answer, &outcome);
    record_posted(rq, &outcome);
}

/* An error of ours (configuration) is what an operator must see; the rest is the world's. */
static void log_refusal(struct req *rq, const struct fetch_answer *answer, const struct twilio_outcome *outcome)
{
    static const char *const verdicts[] = {
        [TWILIO_RETRY] = "retry",   [TWILIO_RETRY_LATER] = "retry_later", [TWILIO_FAILED] = "failed",
        [TWILIO_CONFIG] = "config", [TWILIO_AMBIGUOUS] = "ambiguous",
    };
    struct errand *errand = rq->state;
    char send[TEXT_TYPEID];
    text_typeid("send", errand->send, send);
    log_event(outcome->verdict == TWILIO_CONFIG ? LOG_ERROR : LOG_WARN, rq, "send_not_accepted", L_TEXT("send", send),
              L_TEXT("verdict", verdicts[outcome->verdict]), L_INT("status", answer->status),
              L_INT("error", outcome->error), L_TEXT("why", answer->end == FETCH_ANSWERED ? "" : answer->error));
}

static void record_posted(struct req *rq, const struct twilio_outcome *outcome)
{
    struct errand *errand = rq->state;
    struct delivery *delivery = errand->state;
    const char *sid = *outcome->sid ? req_copy(rq, outcome->sid, strlen(outcome->sid)) : NULL;
    if (outcome->sender_failed && delivery->may_move) {
        delivery->moved = true;
        record(rq, "retry", NULL, outcome->error, "provider_down", 1);
        return;
    }
    switch (outcome->verdict) {
    case TWILIO_ACCEPTED:
        record(rq, "accepted", sid, 0, NULL, 0);
        return;
    case TWILIO_RETRY:
        if (delivery->attempt >= TRIES && !outcome->slow_down)
            record(rq, "failed", NULL, outcome->error, "provider_down", 0);
        else
            record(rq, "retry", NULL, outcome->error, "provider_down", pause_ms(delivery->attempt));
        return;
    case TWILIO_RETRY_LATER:
        record(rq, "retry", NULL, outcome->error, "provider_down", LATER_MS);
        return;
    case TWILIO_CONFIG:
        record(rq, "failed", sid, outcome->error, "provider_down", 0);
        return;
    case TWILIO_FAILED:
        record(rq, "failed", sid, outcome->error, outcome->error ? NULL : "unknown", 0);
        return;
    case TWILIO_AMBIGUOUS:
        record(rq, "ambiguous", NULL, outcome->error, "provider_down", 0); /* until somebody knows better */
        return;
    }
}

/* `sid` and `reason` must live as long as the job. */
static void record(struct req *rq, const char *outcome, const char *sid, long error, const char *reason, long retry_ms)
{
    struct errand *errand = rq->state;
    struct delivery *delivery = errand->state;
    bool shared =
        strcmp(outcome, "accepted") != 0 && strcmp(outcome, "ambiguous") != 0 && strcmp(outcome, "delivered") != 0;
    counts_send(delivery->moved ? "moved" : outcome);
    /* What did not go out gives money and uses back, which other transactions wait for: it commits alone. */
    db_call(rq, shared ? DB_ALONE : DB_WRITE, caller_system(rq, errand->tenant), "send_outcome",
            ARGS(db_uuid(errand->send), db_int(delivery->fence), db_text(outcome), db_text(sid),
                 error ? db_int(error) : db_null_int(), db_text(reason), retry_ms ? db_int(retry_ms) : db_null_int(),
                 db_text(delivery->provider->name), db_text(delivery->moved ? sender_account()->service[1] : NULL)),
            delivery_recorded);
}

/* "gone" means that a callback or another worker was faster. What moved to the other sender goes out at once. */
static void delivery_recorded(struct req *rq)
{
    struct errand *errand = rq->state;
    struct delivery *delivery = errand->state;
    if (db_row(rq)->code)
        log_event(LOG_INFO, rq, "send_outcome_late", L_TEXT("code", db_row(rq)->code));
    else if (delivery->moved)
        sender_poke(errand->tenant, errand->send);
}

/* 0.5, 1, 2, 4, 4, … s, ±10 %. */
static long pause_ms(int64_t attempt)
{
    int64_t doublings = attempt < 1 ? 0 : attempt > 4 ? 3 : attempt - 1;
    long pause = 500L << doublings;
    return pause - pause / 10 + (long)crypt_uniform((uint32_t)(pause / 5));
}
