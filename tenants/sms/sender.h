/* sender: takes committed sends to Twilio, one small sender per worker. The states of a send are at the top of
 * sender.c.
 *
 * sender.c says when (queue, limit, breaker, sweep); delivery.c takes one send to Twilio; lookup.c asks Twilio about
 * one.
 */
#ifndef TENANTS_SENDER_H
#define TENANTS_SENDER_H

#include "req.h"

#include "sms/flow.h"

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
    void *state; /* of delivery.c or lookup.c, in the job's arena */
};

step delivery_begin; /* claim, post, record */
step lookup_begin;   /* ask Twilio what became of it */

/* The account at Twilio, from the configuration. */
struct account {
    const char *user, *secret; /* basic auth */
    const char *from, *messaging_service;
    char messages[512]; /* URL of the account's messages, without ".json" */
};
const struct account *sender_account(void);
struct flow *sender_flow(void);

#endif
