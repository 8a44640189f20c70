/* Any bytes as the form of a status callback: it passes with the signature that belongs to it, and with no other. */
#include "server/req_inside.h"

#define hosts_hooks_origin origin_of_the_fuzzer
#include "tenants/sms/callbacks.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

const char *hosts_hooks_origin(void)
{
    return "https://hooks.example";
}

static void check(struct req *rq)
{
    struct req_field *header = req_alloc(rq, sizeof(*header));
    char signature[TWILIO_SIGNATURE];
    const char **pairs;
    size_t count = req_form_sorted(rq, &pairs);

    req_reply_empty(rq, 204);
    if (is_twilios(rq))
        abort(); /* not signed at all */
    twilio_sign("old", "https://hooks.example/hooks/twilio/x", (const char *const *)pairs, count, signature);
    header->name = "x-twilio-signature";
    header->value = signature;
    inside(rq)->fields = header;
    inside(rq)->field_count = 1;
    if (!is_twilios(rq))
        abort();
    signature[3] = signature[3] == 'A' ? 'B' : 'A';
    if (is_twilios(rq))
        abort();
    const char *sid = field(rq, "MessageSid", "SmsSid"),
               *status = twilio_status(field(rq, "MessageStatus", "SmsStatus"));
    if (twilio_is_sid(sid) && status && strlen(sid) != TWILIO_SID - 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct req *rq = req_new(false, "fuzz");
    log_level_set(LOG_ERROR + 1);
    snprintf(tokens[0], TOKEN_TEXT, "new");
    snprintf(tokens[1], TOKEN_TEXT, "old");
    token_count = 2;
    rq->path = "/hooks/twilio/x";
    rq->content_type = "application/x-www-form-urlencoded";
    rq->body = req_copy(rq, bytes, len);
    rq->body_len = len;
    req_run(rq, check);
    if (req_live())
        abort();
    return 0;
}
