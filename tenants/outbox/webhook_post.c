/* webhook_post: one message after the other of a lane: claim (committed), post, record. */
#include "outbox/outbox.h"

#include "app.h"
#include "caller.h"
#include "counts.h"
#include "crypt.h"
#include "fetch.h"
#include "log.h"
#include "loop.h"
#include "outbox/webhook_signature.h"
#include "secret.h"
#include "text.h"

#define POST_DEADLINE_MS 15000
#define CLAIM_LATE_MS 8000 /* the lease runs from the claim; whoever was held up longer than this posts nothing */
#define IN_A_ROW 20        /* messages that one job posts before others have their turn */
#define ANSWER_MOST 65536
#define ERROR_MOST 120

struct post {
    uint8_t event[16];
    char signatures[WEBHOOK_SIGNATURES];
};

static step webhook_post_claimed, webhook_post_answered, webhook_post_recorded;
static bool open_secret(json_t *body, const char *member, const uint8_t *webhook, char ret[static WEBHOOK_SECRET]);
static bool sign(json_t *body, const uint8_t *webhook, long long now, char ret[static WEBHOOK_SIGNATURES]);
static void send_it(struct req *rq, json_t *body, const char *signatures, long long now);
static void record(struct req *rq, int status, const char *error, long wait_s);

static const uint8_t PLATFORM[16];

void webhook_post_begin(struct req *rq)
{
    struct lane *lane = rq->state;
    db_call(rq, DB_WRITE, caller_system(rq, NULL), "delivery_claim",
            ARGS(db_uuid(lane->webhook), db_uuid(lane->store), db_int(lane->fence)), webhook_post_claimed);
}

static void webhook_post_claimed(struct req *rq)
{
    struct lane *lane = rq->state;
    json_t *body = db_body(rq);
    if (db_row(rq)->status != 200 || loop_now_ms() - lane->since_ms > CLAIM_LATE_MS)
        return; /* nothing waits any more, another worker has the lane, or may have it before we are through */
    struct post *post = lane->state = req_alloc(rq, sizeof(*post));
    const char *event = json_string_value(json_object_get(body, "event_id"));
    long long now = text_now_ms() / 1000;
    if (!event || !text_unuuid(event, post->event))
        return;
    if (sign(body, lane->webhook, now, post->signatures)) {
        send_it(rq, body, post->signatures, now);
    } else {
        log_event(LOG_ERROR, rq, "webhook_secret_unreadable", L_TEXT("webhook", event));
        record(rq, 0, "secret unreadable", 0);
    }
}

static bool sign(json_t *body, const uint8_t *webhook, long long now, char ret[static WEBHOOK_SIGNATURES])
{
    char secret[WEBHOOK_SECRET], old[WEBHOOK_SECRET];
    bool has_old = json_is_string(json_object_get(body, "old_secret"));
    bool good =
        open_secret(body, "secret", webhook, secret) && (!has_old || open_secret(body, "old_secret", webhook, old));
    if (good)
        good = webhook_sign((const char *const[]){secret, has_old ? old : NULL},
                            json_string_value(json_object_get(body, "id")), now,
                            json_string_value(json_object_get(body, "payload")), ret);
    crypt_wipe(secret, sizeof(secret));
    crypt_wipe(old, sizeof(old));
    return good;
}

static bool open_secret(json_t *body, const char *member, const uint8_t *webhook, char ret[static WEBHOOK_SECRET])
{
    const char *hex = json_string_value(json_object_get(body, member));
    uint8_t sealed[WEBHOOK_SECRET - 1 + CRYPT_SEAL_EXTRA];
    size_t len;
    if (!hex || !text_unhex(hex, sealed, sizeof(sealed)) ||
        !crypt_open(PLATFORM, "webhooks.secret", webhook, sealed, sizeof(sealed), ret, &len))
        return false;
    ret[len] = '\0';
    return true;
}

static void send_it(struct req *rq, json_t *body, const char *signatures, long long now)
{
    const char *const headers[] = {
        "Content-Type: application/json",
        "User-Agent: Tillgate",
        "Expect:",
        req_printf(rq, "webhook-id: %s", json_string_value(json_object_get(body, "id"))),
        req_printf(rq, "webhook-timestamp: %lld", now),
        req_printf(rq, "webhook-signature: %s", signatures),
        NULL,
    };
    fetch_call(rq,
               &(struct fetch_request){.method = "POST",
                                       .url = json_string_value(json_object_get(body, "url")),
                                       .guarded = true,
                                       .form = json_string_value(json_object_get(body, "payload")),
                                       .headers = headers,
                                       .deadline_ms = POST_DEADLINE_MS,
                                       .most = ANSWER_MOST},
               webhook_post_answered);
}

static void webhook_post_answered(struct req *rq)
{
    const struct fetch_answer *answer = fetch_answer(rq);
    bool answered = answer->end == FETCH_ANSWERED;
    bool asks_to_wait = answered && (answer->status == 429 || answer->status == 503);
    const char *error = answered ? NULL : answer->refused ? "address refused" : answer->error;
    record(rq, answered ? answer->status : 0, error, asks_to_wait ? answer->retry_after_s : 0);
}

/* The schedule's waits are spread by a tenth either way, so that many lanes do not come back at once. */
static void record(struct req *rq, int status, const char *error, long wait_s)
{
    struct lane *lane = rq->state;
    struct post *post = lane->state;
    bool good = status >= 200 && status < 300;
    counts_webhook(good ? "delivered" : status ? "refused" : "unanswered");
    db_call(rq, DB_WRITE, caller_system(rq, NULL), "delivery_outcome",
            ARGS(db_uuid(lane->webhook), db_uuid(lane->store), db_uuid(post->event), db_int(lane->fence),
                 status ? db_int(status) : db_null_int(),
                 db_text(error ? req_printf(rq, "%.*s", ERROR_MOST, error) : NULL),
                 wait_s > 0 ? db_int(wait_s) : db_null_int(), db_int(900 + (int64_t)crypt_uniform(201))),
            webhook_post_recorded);
}

static void webhook_post_recorded(struct req *rq)
{
    struct lane *lane = rq->state;
    json_t *fence = json_object_get(db_body(rq), "fence");
    const char *disabled = json_string_value(json_object_get(db_body(rq), "disabled"));
    if (db_row(rq)->status != 200)
        return; /* the lease ran out: another worker has posted it again, or will */
    if (disabled) {
        char id[TEXT_TYPEID];
        text_typeid("webhook", lane->webhook, id);
        counts_webhook("disabled");
        log_event(LOG_WARN, rq, "webhook_disabled", L_TEXT("webhook", id), L_TEXT("why", disabled));
    }
    if (!json_is_integer(fence))
        return;
    lane->fence = json_integer_value(fence);
    lane->since_ms = loop_now_ms();
    if (++lane->posted < IN_A_ROW && !server_draining())
        webhook_post_begin(rq);
    else
        db_call(rq, DB_WRITE, caller_system(rq, NULL), "lane_release",
                ARGS(db_uuid(lane->webhook), db_uuid(lane->store), db_int(lane->fence)), req_done);
}
