/* outbox: takes what was committed to be told, messages to the platform's endpoints and notices by mail, to where it
 * belongs; never twice at once, messages in order, all of it at least once. What waits where is in sql/api/outbox;
 * webhook_post.c takes a message, mail_post.c a notice.
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

bool outbox_check(void) MUST_USE; /* the configuration of mail: logs what is wrong, or that there is none */
void outbox_start(void);          /* once per worker: looks every second */

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

struct errand_mail {
    uint8_t tenant[16];
    uint8_t mail[16];
    int64_t fence;
    long long since_ms;
};

bool mail_post_check(void) MUST_USE;
bool mail_post_can(void); /* is mail configured? */
step mail_post_begin;     /* claim the notice, send it, record how that ended */
step webhook_post_begin;  /* claim the lane's next message, post it, record how that ended; then the one behind it */

#endif
