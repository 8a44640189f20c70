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

#include <time.h>

#define LOOK_DEADLINE_MS 5000

struct lookup {
    char number[PHONE_TEXT];
    char mark[TEXTS_MARK]; /* "" when the code is forgotten */
    long long sent_ms;
    struct twilio_seen seen[TWILIO_CANDIDATES];
    int found, tried;
};

static step lookup_known, lookup_answered, lookup_listed, lookup_resolved;
static void ask_for_message(struct req *rq, const char *sid);
static void ask_for_list(struct req *rq);
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
    if (twilio_is_sid(sid)) {
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
    const struct account *account = sender_account();
    fetch_call(rq,
               &(struct fetch_request){.method = "GET",
                                       .url = req_printf(rq, "%s/%s.json", account->messages, sid),
                                       .user = account->user,
                                       .password = account->secret,
                                       .deadline_ms = LOOK_DEADLINE_MS},
               lookup_answered);
}

static void lookup_answered(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    if (!twilio_read_message(fetch_answer(rq), &lookup->seen[0]))
        return; /* the next look is already due */
    lookup->found = 1;
    resolve(rq);
}

/* All messages to the number of the day of the post, in UTC, and the next: a post at midnight is of either. */
static void ask_for_list(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    const struct account *account = sender_account();
    time_t day = (time_t)(lookup->sent_ms / 1000) - 60;
    struct tm parts;
    char date[16], number[4 * PHONE_TEXT];
    gmtime_r(&day, &parts);
    strftime(date, sizeof(date), "%Y-%m-%d", &parts);
    text_percent(lookup->number, number, sizeof(number));
    fetch_call(rq,
               &(struct fetch_request){
                   .method = "GET",
                   .url = req_printf(rq, "%s.json?To=%s&DateSent%%3E=%s&PageSize=50", account->messages, number, date),
                   .user = account->user,
                   .password = account->secret,
                   .deadline_ms = LOOK_DEADLINE_MS},
               lookup_listed);
}

static void lookup_listed(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    lookup->found =
        twilio_find(fetch_answer(rq),
                    &(struct twilio_wanted){
                        .to = lookup->number, .mark = *lookup->mark ? lookup->mark : NULL, .sent_ms = lookup->sent_ms},
                    lookup->seen);
    if (lookup->found > 0)
        resolve(rq);
}

/* Reports the best candidate that has not been tried. */
static void resolve(struct req *rq)
{
    struct errand *errand = rq->state;
    struct lookup *lookup = errand->state;
    const struct twilio_seen *seen = &lookup->seen[lookup->tried++];
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "send_resolve",
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
