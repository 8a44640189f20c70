/* webhook_signature: what proves to an endpoint that a message is ours (Standard Webhooks, symmetric). Pure. */
#ifndef TENANTS_WEBHOOK_SIGNATURE_H
#define TENANTS_WEBHOOK_SIGNATURE_H

#include "common.h"

#define WEBHOOK_KEY 32                            /* bytes */
#define WEBHOOK_SECRET (6 + 44 + 1)               /* "whsec_", base64 of the key, NUL */
#define WEBHOOK_SIGNATURES (2 * (3 + 44) + 1 + 1) /* "v1,…", a blank, "v1,…", NUL */

void webhook_secret_draw(char ret[static WEBHOOK_SECRET]);

/* base64(HMAC-SHA256(key, "id.timestamp.body")) behind "v1,", under each secret, the second of which may be NULL; the
 * value of the header webhook-signature. False when a secret is none of ours. */
bool webhook_sign(const char *const secrets[static 2], const char *id, long long timestamp, const char *body,
                  char ret[static WEBHOOK_SIGNATURES]) MUST_USE;

#endif
