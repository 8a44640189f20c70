/* public_key: the keys that stores sign launch tokens with. Read from a JWK, a JWKS (RFC 7517) or a PEM, kept in one form: a
 * SubjectPublicKeyInfo in DER. The algorithm is what the platform said when it registered the key, never what a document
 * or a token says. Pure.
 */
#ifndef TENANTS_PUBLIC_KEY_H
#define TENANTS_PUBLIC_KEY_H

#include "common.h"

#include <jansson.h>

#define PUBLIC_KEY_KID 128        /* bytes of the longest key id, without NUL */
#define PUBLIC_KEY_DER 560        /* room for RSA with 4096 bits */
#define PUBLIC_KEYS_MOST 10       /* keys of one document */
#define PUBLIC_KEY_FAULT 32       /* room for "/keys/9/key_ops" */
#define PUBLIC_KEY_SECRET_MOST 64 /* most; HMAC-SHA-256 hashes what is longer */
#define PUBLIC_KEY_SECRET 32      /* fewest bytes of an HS256 secret */
#define PUBLIC_KEY_SIGNATURE 512  /* bytes of the longest signature */

enum algorithm { ALGORITHM_EDDSA, ALGORITHM_ES256, ALGORITHM_RS256, ALGORITHM_HS256 };

/* Their names (RFC 7518 §3.1, RFC 8037 §3.1), in the order of the enum; NULL-terminated. */
extern const char *const ALGORITHMS[];
/* The algorithm of that name. False: none of ours; untouched. */
bool algorithm_of(const char *name, enum algorithm *ret) MUST_USE;

struct public_key {
    char kid[PUBLIC_KEY_KID + 1]; /* "" when the document names none */
    size_t len;
    uint8_t der[PUBLIC_KEY_DER];
};

/* Each reads only keys that are public, made for signing, fit for the algorithm (Ed25519, P-256, RSA of 2048 to 4096 bits) and sound.
 * False: *ret untouched, and fault points at what is wrong within the document: "", "/d", "/keys/2/use". */
bool public_key_of_jwk(enum algorithm algorithm, const json_t *jwk, struct public_key *ret,
                       char fault[static PUBLIC_KEY_FAULT]) MUST_USE;
bool public_key_of_pem(enum algorithm algorithm, const char *pem, struct public_key *ret) MUST_USE;
/* 1 to PUBLIC_KEYS_MOST keys, each with a kid of its own. */
bool public_keys_of_jwks(enum algorithm algorithm, const json_t *jwks, struct public_key ret[static PUBLIC_KEYS_MOST],
                         size_t *ret_count, char fault[static PUBLIC_KEY_FAULT]) MUST_USE;

/* What SQL is told: a list of {kid, public_key in hex}. The caller's to free. */
json_t *public_keys_json(const struct public_key *keys, size_t count) MUST_USE;

/* May a key or a token be called that? 1 to PUBLIC_KEY_KID visible ASCII characters. */
bool public_key_is_kid(const char *text) MUST_USE;

/* Is this the text's signature, in the form of JWS (RFC 7515, 7518 §3, 8037 §3.1)? The key must fit the algorithm. For HS256 the key is the
 * secret. */
bool public_key_verifies(enum algorithm algorithm, const uint8_t *key, size_t key_len, const char *text,
                         size_t text_len, const uint8_t *signature, size_t signature_len) MUST_USE;

#endif
