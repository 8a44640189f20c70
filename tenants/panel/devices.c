/* devices: browsers that skip the second step for two weeks. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"

static step device_clear_then;

void device_list(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "device_list", ARGS(db_bytes(cookies_device_hash(rq), CRYPT_MAC)),
            reply_row);
}

void device_clear(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "device_clear", ARGS(), device_clear_then);
}

static void device_clear_then(struct req *rq)
{
    if (db_row(rq)->status == 204)
        cookies_clear_device(rq);
    reply_row(rq);
}

void device_remove(struct req *rq)
{
    uint8_t *device = req_alloc(rq, 16);
    caller_param(rq, 0, "device", device);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "device_remove", ARGS(db_uuid(device)), reply_row);
}
