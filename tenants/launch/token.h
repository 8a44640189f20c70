/* token: the gate for launch tokens: a JWS in its compact form (RFC 7515 §7.1) whose claims (RFC 7519) vouch for a store admin.
 *
 * Narrower than the standards, so that nothing is left to interpretation: the header is exactly alg, kid and typ; the key and its
 * algorithm come from our record, found by kid in the store whose host the token was posted to; claims are read only after the
 * signature was found good. Three steps, in this order; each returns NULL when all is well, else a word for log and audit trail:
 * nobody outside learns which step refused. Pure.
 */
#ifndef TENANTS_TOKEN_H
#define TENANTS_TOKEN_H

#include "launch/public_key.h"

#include "crypt.h"
#include "origin.h"

#define TOKEN_MOST 4096       /* characters of a whole token */
#define TOKEN_HEADER_MOST 512 /* of them, the header's */
#define TOKEN_LIFE 60         /* seconds from iat to exp, at most */
#define TOKEN_SKEW 30         /* seconds that a store's clock may be off, either way */

struct launch_token {
    char kid[PUBLIC_KEY_KID + 1];
    enum algorithm algorithm; /* what the header says; the key must say the same */
    const char *text;         /* borrowed */
    size_t signed_len;        /* of the text, header and claims with the dot between them */
    size_t claims_at, claims_len;
    uint8_t signature[PUBLIC_KEY_SIGNATURE];
    size_t signature_len;
};

/* Where and when the token was posted. */
struct token_place {
    const char *tenant; /* the store's id, "tenant_…": who must have issued it */
    const char *slug;   /* whose panel's origin it must be meant for */
    int64_t now;        /* seconds since 1970, by the one clock that decides: the database's */
};

/* Texts live as long as `json`, which is the caller's. What is NULL was not said. */
struct token_claims {
    json_t *json;
    const char *external_id, *email, *name, *role, *locale, *destination, *return_url;
    char return_origin[ORIGIN_TEXT];
    uint8_t jti_hash[CRYPT_MAC];
    int64_t expires_at; /* seconds since 1970 */
};

const char *token_open(const char *text, struct launch_token *ret) MUST_USE;
/* `key`: a SubjectPublicKeyInfo in DER, or the secret of HS256. */
const char *token_verify(const struct launch_token *token, enum algorithm algorithm, const uint8_t *key,
                         size_t key_len) MUST_USE;
/* Only for a token that token_verify has found good. On a refusal *ret is untouched. */
const char *token_claims(const struct launch_token *token, const struct token_place *place,
                         struct token_claims *ret) MUST_USE;

#endif
