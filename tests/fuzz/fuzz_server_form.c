/* Form bodies and queries: every pair is decoded text, sorted by name; looking one up agrees with the list. */
#include "server/req_inside.h"
#include "server/log.h"
#include "server/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reply(struct req *rq)
{
    req_reply_empty(rq, 204);
}

static void check_pairs(struct req *rq)
{
    const char **pairs;
    size_t count = req_form_sorted(rq, &pairs);

    for (size_t i = 0; i < count; i++) {
        bool alone = (i == 0 || strcmp(pairs[2 * i - 2], pairs[2 * i]) != 0) &&
                     (i + 1 == count || strcmp(pairs[2 * i + 2], pairs[2 * i]) != 0);
        const char *value = req_form(rq, pairs[2 * i]);
        if (!text_utf8(pairs[2 * i + 1], strlen(pairs[2 * i + 1])) ||
            (alone && (!value || strcmp(value, pairs[2 * i + 1]) != 0)) || (!alone && value) ||
            (i && strcmp(pairs[2 * i - 2], pairs[2 * i]) > 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct req *rq = req_new(false, "fuzz");
    char *body = req_copy(rq, data, size);

    log_level_set(LOG_ERROR + 1);
    rq->content_type = "application/x-www-form-urlencoded";
    rq->body = rq->query = body;
    rq->body_len = size;
    check_pairs(rq);
    req_query(rq, "limit");
    req_query(rq, "");
    req_run(rq, reply);
    if (req_live())
        abort();
    return 0;
}
