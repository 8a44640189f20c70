/* sign: signed statements for other programs: compact JWS (RFC 7515) with ES256 (RFC 7518 §3.4).
 *
 * The P-256 keys are derived, one from each root key: the newest root key's signs, its and the one before it are
 * published, so what was signed before a rotation can still be checked. Nothing is stored anywhere, and every process
 * that has the root keys signs alike. Failure of OpenSSL is fatal (die).
 */
#ifndef SERVER_SIGN_H
#define SERVER_SIGN_H

#include "req.h"

/* Once per worker, behind crypt_start. purpose: what crypt derives the keys for; type: the header's typ. Both literals.
 */
void sign_start(const char *purpose, const char *type);
void sign_stop(void);

/* Steals claims. The token, in the arena. */
const char *sign_jws(struct req *rq, json_t *claims);
/* The public keys (RFC 7517 §5), the one that signs first. New; the caller decrefs. */
json_t *sign_jwks(void);

#endif
