/* The Cookie field: a value never holds a separator and never comes from a name that stands there twice. */
#include "server/req_inside.h"
#include "server/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reply(struct req *rq)
{
    req_reply_empty(rq, 204);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const NAMES[] = {"__Host-sid", "__Host-device", "a", ""};
    struct req *rq = req_new(false, "fuzz");
    struct req_field fields[2] = {{"cookie", NULL}, {"cookie", "__Host-device=fixed"}};
    char *text = req_copy(rq, data, size);

    log_level_set(LOG_ERROR + 1);
    fields[0].value = text;
    inside(rq)->fields = fields;
    inside(rq)->field_count = 2;
    for (size_t i = 0; i < LEN(NAMES); i++) {
        const char *value = req_cookie(rq, NAMES[i]);
        if (value && strchr(value, ';'))
            abort();
    }
    req_run(rq, reply);
    return 0;
}
