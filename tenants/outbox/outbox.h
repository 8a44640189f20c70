/* outbox: takes what was committed to be told, messages to the platform's endpoints, to where it belongs; never twice at
 * once, in order, at least once. What waits where is in sql/api/outbox; webhook_post.c takes one message.
 *
 *   state in app.webhook_lanes   what it means                       who moves it on
 *   due_at null                  nothing waits                       a new message: outbox_due
 *   not held, due                its turn                            outbox_due → held, with a new fence
 *   held                         a worker posts its next message     delivery_outcome; after its lease of 30 s → due
 *   not held, due later          its message failed                  time
 */
#ifndef TENANTS_OUTBOX_H
#define TENANTS_OUTBOX_H

#include "req.h"

void outbox_start(void); /* once per worker: looks every second */

/* ---- between the outbox's own files ---- */

/* What one job works on; its req->state points here. */
struct lane {
    uint8_t webhook[16];
    uint8_t store[16];
    int64_t fence;
    long long since_ms; /* loop time when the lane was asked for */
    int posted;         /* messages, by this job */
    void *state;        /* of webhook_post.c, in the job's arena */
};

step webhook_post_begin; /* claim the lane's next message, post it, record how that ended; then the one behind it */

#endif
