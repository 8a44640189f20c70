/* lookup: asks Twilio what became of a send: by its sid, or, when a post's answer was lost, by looking for it in a
 * list. */
#include "sms/sender.h"

#include "caller.h"
#include "counts.h"
#include "fetch.h"
#include "log.h"
#include "sms/opened.h"
#include "sms/texts.h"
#include "sms/twilio.h"
#include "text.h"

#define LOOK_DEADLINE_MS 5000

struct lookup {
    const struct provider *provider;
    char number[PHONE_TEXT];
    char mark[TEXTS_MARK]; /* "" when the code is forgotten */
    long long sent_ms;
    struct twilio_wanted wanted; /* points into number and mark */
    struct twilio_seen seen[TWILIO_CANDIDATES];
    int found, tried;
};

static step lookup_known, lookup_answered, lookup_listed, lookup_resolved;
static void ask_for_message(struct req *rq, const char *sid);
static void ask_for_list(struct req *rq);
static void ask(struct req *rq, const char *url, step *next);
static void resolve(struct req *rq);

void lookup_begin(struct req *rq)
{
    struct errand *errand = rq->state;
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "send_look", ARGS(db_uuid(errand->send)), lookup_known);
}

static void lookup_known(struct req *rq)
{
    struct errand *errand = rq->state;
    struct opened opened;
    if (db_row(rq)->status != 200)
        return; /* decided meanwhile */
    struct lookup *lookup = errand->state = req_alloc(rq, sizeof(*lookup));
    req_secret(rq, lookup, sizeof(*lookup));
    const char *sid = json_string_value(json_object_get(db_body(rq), "sid"));
    lookup->sent_ms = json_integer_value(json_object_get(db_body(rq), "sent_at"));
    lookup->provider = sender_provider(json_string_value(json_object_get(db_body(rq), "provider")));
    if (lookup->provider->is_sid(sid)) {
        ask_for_message(rq, sid);
        return;
    }
    if (!opened_read(rq, errand->tenant, &opened) || !opened.has_number) {
        log_event(LOG_WARN, rq, "send_unreadable");
        return;
    }
    memcpy(lookup->number, opened.number, sizeof(lookup->number));
    if (opened.has_code)
        texts_mark(opened.host, opened.code, lookup->mark);
    crypt_wipe(&opened, sizeof(opened));
    ask_for_list(rq);
}

static void ask_for_message(struct req *rq, const char *sid)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    char url[PROVIDER_URL];
    lookup->provider->look(sender_account(), sid, url);
    ask(rq, url, lookup_answered);
}

static void ask(struct req *rq, const char *url, step *next)
{
    const struct account *account = sender_account();
    fetch_call(rq,
               &(struct fetch_request){.method = "GET",
                                       .url = url,
                                       .user = account->user,
                                       .password = account->secret,
                                       .deadline_ms = LOOK_DEADLINE_MS},
               next);
}

static void lookup_answered(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    if (!lookup->provider->looked(fetch_answer(rq), &lookup->seen[0]))
        return; /* the next look is already due */
    lookup->found = 1;
    resolve(rq);
}

static void ask_for_list(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    char url[PROVIDER_URL];
    lookup->wanted = (struct twilio_wanted){
        .to = lookup->number, .mark = *lookup->mark ? lookup->mark : NULL, .sent_ms = lookup->sent_ms};
    lookup->provider->list(sender_account(), &lookup->wanted, url);
    ask(rq, url, lookup_listed);
}

static void lookup_listed(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    lookup->found = lookup->provider->found(fetch_answer(rq), &lookup->wanted, lookup->seen);
    if (lookup->found > 0)
        resolve(rq);
}

/* Reports the best candidate that has not been tried. */
static void resolve(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    const struct twilio_seen *seen = &lookup->seen[lookup->tried++];
    /* A bad end gives money and uses back, which other transactions wait for: it commits alone. */
    db_call(rq, twilio_lost(seen->status) ? DB_ALONE : DB_WRITE, caller_system(rq, errand->tenant), "send_resolve",
            ARGS(db_uuid(errand->send), db_text(seen->sid), db_text(seen->status),
                 seen->error ? db_int(seen->error) : db_null_int(), db_text(NULL)),
            lookup_resolved);
}

static void lookup_resolved(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    const char *code = db_row(rq)->code;
    if (code && strcmp(code, "taken") == 0 && lookup->tried < lookup->found)
        resolve(rq); /* that message is another send's */
    else if (!code)
        counts_send("resolved");
}
