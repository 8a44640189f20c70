/* sender: takes committed sends to Twilio, one small sender per worker. The states of a send are at the top of
 * sender.c.
 *
 * sender.c says when (queue, limit, breaker, sweep); delivery.c takes one send to Twilio; lookup.c asks Twilio about
 * one, settle.c for its price, feedback.c tells that its code was entered. provider.h says in which words.
 */
#ifndef TENANTS_SENDER_H
#define TENANTS_SENDER_H

#include "req.h"

#include "sms/flow.h"
#include "sms/provider.h"

bool sender_check(
    void) MUST_USE;      /* the configuration: account, secrets, a sender; logs what is wrong, keeps what is right */
void sender_start(void); /* once per worker: outbound calls and the sweep */
void sender_stop(void);  /* forgets the account; a draining worker begins nothing new by itself */

/* A send has been committed (ids: 16 bytes each). It is claimed as soon as there is a free place; when too many wait
 * here, a sweep finds it. Never blocks, never fails. */
void sender_poke(const uint8_t *tenant, const uint8_t *send);

/* ---- between the sender's own files ---- */

/* What one job works on; its req->state points here. */
struct errand {
    uint8_t tenant[16];
    uint8_t send[16];
    void *state; /* of delivery.c, lookup.c or settle.c, in the job's arena */
};

step delivery_begin; /* claim, post, record */
step lookup_begin;   /* ask Twilio what became of it */
step settle_begin;   /* ask Twilio what it cost */
step feedback_begin; /* tell Twilio that the code was entered */

/* The account at Twilio, from the configuration. */
const struct account *sender_account(void);
/* The provider of that name; the configured one for NULL. */
const struct provider *sender_provider(const char *name);
struct flow *sender_flow(void);

#endif
