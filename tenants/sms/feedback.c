/* feedback: tells the provider that a code was entered. Once, at best: nothing hangs on it. */
#include "sms/sender.h"

#include "caller.h"
#include "counts.h"
#include "fetch.h"
#include "log.h"
#include "sms/opened.h"

#define POST_DEADLINE_MS 5000

static step feedback_known, feedback_posted;

void feedback_begin(struct req *rq)
{
    struct errand *errand = rq->state;
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "send_look", ARGS(db_uuid(errand->send)), feedback_known);
}

static void feedback_known(struct req *rq)
{
    struct errand *errand = rq->state;
    struct opened opened;
    if (db_row(rq)->status != 200 || !opened_read(rq, errand->tenant, &opened) || !opened.has_number)
        return;
    const struct account *account = sender_account();
    const char *sid = json_string_value(json_object_get(db_body(rq), "sid"));
    const struct provider *provider = sender_provider(json_string_value(json_object_get(db_body(rq), "provider")));
    struct provider_post *post = req_alloc(rq, sizeof(*post));
    req_secret(rq, post, sizeof(*post)); /* a number is in it */
    bool good = provider->is_sid(sid) && provider->feedback(account, sid, opened.number, post);
    crypt_wipe(&opened, sizeof(opened));
    if (good)
        fetch_call(rq,
                   &(struct fetch_request){.method = "POST",
                                           .url = post->url,
                                           .user = account->user,
                                           .password = account->secret,
                                           .form = post->form,
                                           .deadline_ms = POST_DEADLINE_MS},
                   feedback_posted);
}

static void feedback_posted(struct req *rq)
{
    const struct fetch_answer *answer = fetch_answer(rq);
    bool taken = answer->end == FETCH_ANSWERED && answer->status < 300;
    if (taken)
        counts_send("feedback");
    else
        log_event(LOG_INFO, rq, "feedback_not_taken", L_INT("status", answer->status));
}
