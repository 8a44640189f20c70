/* cookies: the session's and the trusted device's. Both carry 64 bytes in base64url: tenant, user, 32 random bytes. The
 * ids prove nothing, they lead the look-up; what is stored is the SHA-256 of all 64 bytes. */
#ifndef TENANTS_COOKIES_H
#define TENANTS_COOKIES_H

#include "req.h"

#include "crypt.h"

#define COOKIES_TOKEN 64  /* bytes */
#define COOKIES_SECRET 32 /* of them random, at the end */

/* A new token, not yet valid: SQL stores the hash, then the cookie is set. */
struct token {
    uint8_t id[16]; /* of the session or device, UUIDv7 */
    uint8_t bytes[COOKIES_TOKEN];
    uint8_t hash[CRYPT_MAC];
};

/* Draws a token for the caller's tenant and user. In the arena, wiped with it. */
struct token *cookies_draw(struct req *rq, const uint8_t *tenant, const uint8_t *user);

/* Reads the session cookie's 64 bytes. False when there is none, two, or one that is not ours. */
bool cookies_session(struct req *rq, uint8_t ret[static COOKIES_TOKEN]) MUST_USE;
/* The hash of the device cookie, in the arena, or NULL. */
const uint8_t *cookies_device_hash(struct req *rq);

void cookies_set_session(struct req *rq, const uint8_t token[static COOKIES_TOKEN]); /* 12 h; SQL ends it sooner */
void cookies_set_device(struct req *rq, const uint8_t token[static COOKIES_TOKEN]);  /* 14 days */
void cookies_clear_session(struct req *rq);
void cookies_clear_device(struct req *rq);

/* "Chrome on Linux": what a list of sessions or devices calls this browser, from its User-Agent; "Browser" when it
 * tells nothing. */
const char *cookies_browser(struct req *rq);

#endif
