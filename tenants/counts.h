/* counts: the product's own metrics. Words, never tenants, users or numbers. */
#ifndef TENANTS_COUNTS_H
#define TENANTS_COUNTS_H

#include "common.h"

struct db_row;

void counts_start(void);                       /* before the fork */
void counts_send(const char *outcome);         /* what became of a post to Twilio: "accepted", "ambiguous", … */
void counts_send_waiting(int64_t waiting);     /* sends of this worker that wait for their turn */
void counts_webhook(const char *outcome);      /* what became of a message to an endpoint of the platform */
void counts_mail(const char *outcome);         /* what became of a notice by mail */
void counts_verify(const struct db_row *row);  /* a code was checked */
void counts_refused(const struct db_row *row); /* a text was asked for; counts those that a limit refused */

#endif
