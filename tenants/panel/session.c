/* session: what the panel shows first, signing out, and a user's other sessions. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"

static step session_end_then;

void session_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "session_read", ARGS(db_bytes(cookies_device_hash(rq), CRYPT_MAC)),
            reply_row);
}

void session_end(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "session_end", ARGS(), session_end_then);
}

static void session_end_then(struct req *rq)
{
    if (db_row(rq)->status == 204) {
        cookies_clear_session(rq);
        /* Not "cookies": that would forget the trusted device too, which outlives a session on purpose. */
        req_set_header(rq, "Clear-Site-Data", "\"cache\", \"storage\"");
    }
    reply_row(rq);
}

void session_list(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "session_list", ARGS(), reply_row);
}

void session_end_others(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "session_end_others", ARGS(), reply_row);
}

void session_remove(struct req *rq)
{
    uint8_t *session = req_alloc(rq, 16);
    caller_param(rq, 0, "session", session);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "session_remove", ARGS(db_uuid(session)), reply_row);
}
