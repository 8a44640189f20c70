/* Any bytes as an answer of Twilio, under any status, to a post, a read and a list: never more than what was said. */
#include <stddef.h>
#include <stdint.h>

#include "tenants/sms/twilio.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const int statuses[] = {200, 201, 204, 302, 400, 401, 404, 429, 500, 503};
    if (len < 1)
        return 0;
    char *body = malloc(len);
    memcpy(body, bytes + 1, len - 1);
    body[len - 1] = '\0';
    struct fetch_answer answer = {
        .end = FETCH_ANSWERED, .status = statuses[bytes[0] % LEN(statuses)], .body = body, .body_len = len - 1};

    struct twilio_outcome outcome = twilio_posted(&answer);
    if (outcome.verdict == TWILIO_ACCEPTED && (answer.status != 201 || !twilio_is_sid(outcome.sid)))
        abort();
    if (outcome.verdict == TWILIO_RETRY && answer.status < 400)
        abort();
    if (answer.status >= 500 && outcome.verdict != TWILIO_AMBIGUOUS)
        abort();
    if (*outcome.sid && !twilio_is_sid(outcome.sid))
        abort();

    struct twilio_seen seen[TWILIO_CANDIDATES];
    if (twilio_read_message(&answer, &seen[0]) && (!twilio_is_sid(seen[0].sid) || !seen[0].status))
        abort();
    const struct twilio_wanted wanted = {"+14155550134", "@h.example #123456", 1692853305000};
    int found = twilio_find(&answer, &wanted, seen);
    for (int i = 0; i < found; i++) {
        if (i >= TWILIO_CANDIDATES || !twilio_is_sid(seen[i].sid) || !seen[i].status)
            abort();
    }
    free(body);
    return 0;
}
