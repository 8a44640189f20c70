/* webhooks: the platform's endpoints, which are told what happens; what is posted to them, and again. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"
#include "moment.h"
#include "outbound.h"
#include "outbox/webhook_signature.h"
#include "secret.h"
#include "text.h"

#define KINDS_MOST 50
#define GRACE_MOST 604800 /* seconds */

struct drawn {
    uint8_t id[16]; /* the endpoint's */
    char text[WEBHOOK_SECRET];
    struct secret sealed;
};

static step webhook_secret_then;
static void draw(struct req *rq, struct drawn *drawn);
static void call(struct req *rq, const char *function);
static bool any_text(const char *text);
static uint8_t *webhook_of(struct req *rq);

static const char *const STATES[] = {"queued", "delivered", "failed", NULL};

void webhook_create(struct req *rq)
{
    struct drawn *drawn = req_alloc(rq, sizeof(*drawn));
    const char *url = json_need_text(rq, "/url", 1, OUTBOUND_URL - 1);
    json_t *kinds = json_may_texts(rq, "/kinds", KINDS_MOST, any_text);
    if (url && !outbound_url(url))
        json_bad(rq, "/url", "invalid");
    if (!json_has(rq, "/kinds"))
        json_bad(rq, "/kinds", "required");
    else if (json_is_array(kinds) && !json_array_size(kinds))
        json_bad(rq, "/kinds", "too_short");
    if (!json_done(rq))
        return;
    text_uuid7(drawn->id);
    draw(rq, drawn);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "webhook_create",
            ARGS(db_uuid(drawn->id), db_text(url), db_json(rq, kinds), secret_arg(&drawn->sealed)),
            webhook_secret_then);
}

static void draw(struct req *rq, struct drawn *drawn)
{
    req_secret(rq, drawn, sizeof(*drawn));
    webhook_secret_draw(drawn->text);
    secret_seal(&drawn->sealed, caller_of(rq)->tenant, "webhooks.secret", drawn->id, drawn->text);
}

static void webhook_secret_then(struct req *rq)
{
    const char *id = db_row(rq)->status == 201 ? json_string_value(json_object_get(db_body(rq), "id")) : NULL;
    if (id && strcmp(rq->path, "/v1/webhooks") == 0)
        req_set_header(rq, "Location", req_printf(rq, "/v1/webhooks/%s", id));
    secret_reply(rq, caller_of(rq)->tenant, "webhooks.secret", "webhook", "secret");
}

void webhook_list(struct req *rq)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    if (!json_page(rq, "webhook", &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "webhook_list", ARGS(db_int(limit), db_uuid(has_after ? after : NULL)),
            reply_row);
}

void webhook_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "webhook_read", ARGS(db_uuid(webhook_of(rq))), reply_row);
}

/* A secret is drawn in any case; SQL takes it when the URL is another one. */
void webhook_change(struct req *rq)
{
    struct drawn *drawn = req_alloc(rq, sizeof(*drawn));
    const char *if_match = req_header(rq, "if-match");
    const char *url = json_may_text(rq, "/url", 1, OUTBOUND_URL - 1);
    json_t *kinds = json_may_texts(rq, "/kinds", KINDS_MOST, any_text);
    if (!if_match) {
        req_fail(rq, "precondition_required");
        return;
    }
    if (url && !outbound_url(url))
        json_bad(rq, "/url", "invalid");
    if (json_is_array(kinds) && !json_array_size(kinds))
        json_bad(rq, "/kinds", "too_short");
    if (!json_object_size(rq->json))
        json_bad(rq, "", "required"); /* nothing to change */
    if (!json_done(rq))
        return;
    caller_param(rq, 0, "webhook", drawn->id);
    draw(rq, drawn);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "webhook_change",
            ARGS(db_uuid(drawn->id), db_text(if_match), db_text(url), db_json(rq, kinds), secret_arg(&drawn->sealed)),
            webhook_secret_then);
}

void webhook_delete(struct req *rq)
{
    call(rq, "webhook_delete");
}

void webhook_rotate(struct req *rq)
{
    struct drawn *drawn = req_alloc(rq, sizeof(*drawn));
    int64_t grace = json_may_int(rq, "/grace_seconds", 0, GRACE_MOST, 0);
    if (!json_done(rq))
        return;
    caller_param(rq, 0, "webhook", drawn->id);
    draw(rq, drawn);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "webhook_rotate",
            ARGS(db_uuid(drawn->id), db_int(grace), secret_arg(&drawn->sealed)), webhook_secret_then);
}

void webhook_enable(struct req *rq)
{
    call(rq, "webhook_enable");
}

static void call(struct req *rq, const char *function)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, function, ARGS(db_uuid(webhook_of(rq))), reply_row);
}

void webhook_test(struct req *rq)
{
    uint8_t *event = req_alloc(rq, 16);
    text_uuid7(event);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "webhook_test", ARGS(db_uuid(webhook_of(rq)), db_uuid(event)),
            reply_row);
}

/* Either `since` or `delivery`. */
void webhook_replay(struct req *rq)
{
    uint8_t *event = req_alloc(rq, 16);
    int64_t since_ms = 0;
    const char *since = json_may_text(rq, "/since", 1, 40);
    const char *delivery = json_may_text(rq, "/delivery", 1, TEXT_TYPEID);
    if (since && !moment_read(since, &since_ms))
        json_bad(rq, "/since", "invalid");
    if (delivery && !text_untypeid("event", delivery, event))
        json_bad(rq, "/delivery", "invalid");
    if (json_has(rq, "/since") == json_has(rq, "/delivery"))
        json_bad(rq, json_has(rq, "/since") ? "/delivery" : "/since", json_has(rq, "/since") ? "invalid" : "required");
    if (!json_done(rq))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "webhook_replay",
            ARGS(db_uuid(webhook_of(rq)), since ? db_int(since_ms) : db_null_int(), db_uuid(delivery ? event : NULL)),
            reply_row);
}

void delivery_list(struct req *rq)
{
    int64_t limit;
    uint8_t *before = req_alloc(rq, 16), *store = req_alloc(rq, 16);
    bool has_before;
    const char *state = json_filter_word(rq, "state", STATES);
    const char *tenant = json_filter(rq, "tenant");
    if (tenant && !text_untypeid("tenant", tenant, store))
        json_bad(rq, "?tenant", "invalid");
    if (!json_page(rq, "event", &limit, before, &has_before))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "delivery_list",
            ARGS(db_uuid(webhook_of(rq)), db_int(limit), db_uuid(has_before ? before : NULL), db_text(state),
                 db_uuid(tenant ? store : NULL)),
            reply_row);
}

static uint8_t *webhook_of(struct req *rq)
{
    uint8_t *id = req_alloc(rq, 16);
    caller_param(rq, 0, "webhook", id);
    return id;
}

static bool any_text(const char *text)
{
    return *text != '\0'; /* SQL knows the types */
}
