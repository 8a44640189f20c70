/* callbacks: what Twilio tells us: what became of a text, and that somebody wants texts again. */
#ifndef TENANTS_CALLBACKS_H
#define TENANTS_CALLBACKS_H

#include "req.h"

#define CALLBACKS_URL 512

step send_callback;
step number_opted_in;

/* Reads the auth tokens that callbacks are signed with; logs what is wrong. */
bool callbacks_start(void) MUST_USE;

/* The address that Twilio is given for one send (ids: 16 bytes each). Its last part is a MAC of the send's id, so that
 * only addresses that we gave out reach the database. */
void callbacks_url(const uint8_t *tenant, const uint8_t *send, char out[static CALLBACKS_URL]);

/* The tail of that address, for key version `version`: 16 bytes of HMAC in hex. */
#define CALLBACKS_MAC 33
void callbacks_mac(int version, const uint8_t *tenant, const uint8_t *send, char out[static CALLBACKS_MAC]);

#endif
