/* jwks: one job asks what is due, then one job for each set: fetch, read, tell. */
#include "launch/jwks.h"

#include "app.h"
#include "caller.h"
#include "fetch.h"
#include "launch/public_key.h"
#include "log.h"
#include "loop.h"
#include "text.h"

#define LOOK_MS 10000
#define AT_ONCE 20
#define DEADLINE_MS 5000
#define ANSWER_MOST (64 * 1024)

struct errand {
    uint8_t tenant[16], launch_key[16];
    enum algorithm algorithm;
    char *url;
};

static void look(void *unused);
static void look_over(void *unused);
static step jwks_ask, jwks_share_out, jwks_fetch, jwks_answered, jwks_told;
static void share(const json_t *due);
static const char *read_set(struct req *rq, enum algorithm algorithm, json_t **ret_keys);

static bool looking;

void jwks_start(void)
{
    loop_every(LOOK_MS, look, NULL);
}

void jwks_poke(void)
{
    look(NULL);
}

static void look(void *unused)
{
    (void)unused;
    if (looking || server_draining())
        return;
    looking = true;
    struct req *job = req_job("jwks_look", jwks_ask, NULL);
    req_at_end(job, look_over, NULL);
}

static void look_over(void *unused)
{
    (void)unused;
    looking = false;
}

static void jwks_ask(struct req *rq)
{
    db_call(rq, DB_WRITE, caller_system(rq, NULL), "jwks_due", ARGS(db_int(AT_ONCE)), jwks_share_out);
}

static void jwks_share_out(struct req *rq)
{
    const json_t *due;
    size_t i;
    json_array_foreach(db_body(rq), i, due) share(due);
}

static void share(const json_t *due)
{
    struct req *job = req_job("jwks_fetch", jwks_fetch, NULL);
    struct errand *errand = job->state = req_alloc(job, sizeof(*errand));
    const char *tenant = json_string_value(json_object_get(due, "tenant_id"));
    const char *launch_key = json_string_value(json_object_get(due, "launch_key_id"));
    const char *url = json_string_value(json_object_get(due, "url"));
    bool known = tenant && launch_key && url && text_unuuid(tenant, errand->tenant) &&
                 text_unuuid(launch_key, errand->launch_key) &&
                 algorithm_of(json_string_value(json_object_get(due, "algorithm")), &errand->algorithm);
    if (known)
        errand->url = req_copy(job, url, strlen(url));
}

static void jwks_fetch(struct req *rq)
{
    const struct errand *errand = rq->state;
    static const char *const headers[] = {"Accept: application/jwk-set+json, application/json", NULL};
    if (!errand->url) {
        log_event(LOG_ERROR, rq, "jwks_unreadable"); /* the database said something that it never writes */
        return;
    }
    fetch_call(rq,
               &(struct fetch_request){.method = "GET",
                                       .url = errand->url,
                                       .guarded = true,
                                       .headers = headers,
                                       .deadline_ms = DEADLINE_MS,
                                       .most = ANSWER_MOST},
               jwks_answered);
}

static void jwks_answered(struct req *rq)
{
    const struct errand *errand = rq->state;
    json_t *keys = NULL;
    const char *why = read_set(rq, errand->algorithm, &keys);
    if (why) {
        db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "jwks_fail",
                ARGS(db_uuid(errand->launch_key), db_text(why)), jwks_told);
        return;
    }
    req_defer_json(rq, keys);
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "jwks_put",
            ARGS(db_uuid(errand->launch_key), db_json(rq, keys)), jwks_told);
}

/* Why the answer is no set of keys: a word, or where in the document the fault is; NULL when it is one. */
static const char *read_set(struct req *rq, enum algorithm algorithm, json_t **ret_keys)
{
    const struct fetch_answer *answer = fetch_answer(rq);
    if (answer->refused)
        return "address_refused";
    if (answer->end != FETCH_ANSWERED)
        return "unreachable";
    if (answer->status != 200)
        return "status";

    struct public_key *keys = req_alloc(rq, PUBLIC_KEYS_MOST * sizeof(*keys));
    char fault[PUBLIC_KEY_FAULT];
    size_t count = 0;
    json_t *set = json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, NULL);
    const char *why = set ? NULL : "no_json";
    if (set && public_keys_of_jwks(algorithm, set, keys, &count, fault))
        *ret_keys = public_keys_json(keys, count);
    else if (set)
        why = req_copy(rq, fault, strlen(fault));
    json_decref(set);
    return why;
}

static void jwks_told(struct req *rq)
{
    const struct errand *errand = rq->state;
    if (db_row(rq)->code)
        log_event(LOG_WARN, rq, "jwks_refused", L_TEXT("url", errand->url), L_TEXT("why", db_row(rq)->code));
}
