/* secret: what a POST shows once, kept sealed beside its Idempotency-Key so that a repeated POST gets the first answer
 * again. */
#ifndef TENANTS_SECRET_H
#define TENANTS_SECRET_H

#include "crypt.h"
#include "db.h"

#define SECRET_TEXT 96 /* the longest: an API key */

struct secret {
    size_t len;
    uint8_t bytes[SECRET_TEXT + CRYPT_SEAL_EXTRA];
};

/* Seals a text of at most SECRET_TEXT bytes for that tenant and row. */
void secret_seal(struct secret *secret, const uint8_t *tenant, const char *context, const uint8_t *row_id,
                 const char *text);
struct db_arg secret_arg(const struct secret *secret);

/* Answers with the row; it gets `member` when it carries a sealed secret: that one, opened for the row id that its
 * body names as a TypeID with `prefix`. */
void secret_reply(struct req *rq, const uint8_t *tenant, const char *context, const char *prefix, const char *member);

#endif
