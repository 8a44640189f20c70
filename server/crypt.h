/* crypt: randomness, MACs, sealing and key versions, all from OpenSSL's EVP (3.0).
 *
 * Root keys (32 bytes each, versions 1..65535) are read once from a file; every key in use is derived: HKDF-SHA-256
 * (RFC 5869) from root key of version v, with the tenant's id and a purpose as info. The highest version seals and
 * MACs; older ones open. Failure of the random generator or of EVP is fatal (die): never a predictable code.
 */
#ifndef SERVER_CRYPT_H
#define SERVER_CRYPT_H

#include "common.h"

#define CRYPT_MAC 32                       /* bytes of a MAC, a hash, a key */
#define CRYPT_SEAL_EXTRA (1 + 2 + 12 + 16) /* format, key version, nonce, tag */

bool crypt_start(const char *root_keys_file) MUST_USE; /* mode must be 0600 or stricter; logs what is wrong */
void crypt_stop(void);
int crypt_version(void);        /* highest version */
int crypt_version_before(void); /* next lower one, 0 when there is none */
int crypt_version_first(void);  /* lowest: for indexes, which must find what was indexed before a rotation */

void crypt_random(void *bytes, size_t len);    /* RAND_priv_bytes, checked */
void crypt_random_id(void *bytes, size_t len); /* for identifiers, which are no secrets: from a buffer, cheap */
uint32_t crypt_uniform(uint32_t bound);        /* uniform over 0..bound-1 by rejection */
bool crypt_equal(const void *a, const void *b, size_t len) MUST_USE; /* constant time */
void crypt_wipe(void *bytes, size_t len);
void crypt_hash(const void *bytes, size_t len, uint8_t ret[static CRYPT_MAC]); /* SHA-256 */

/* HMAC-SHA-256 under HKDF(root `version`, tenant, purpose). tenant: 16 bytes or NULL for the platform's own keys. */
void crypt_mac(int version, const uint8_t *tenant, const char *purpose, const void *bytes, size_t len,
               uint8_t ret[static CRYPT_MAC]);
void crypt_hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t len,
                     uint8_t ret[static 20]); /* Twilio's signatures */
void crypt_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                       uint8_t ret[static CRYPT_MAC]); /* under a key that two sides share */

/* AES-256-GCM. out has room for len + CRYPT_SEAL_EXTRA bytes; returns that length. `context` (associated data): what,
 * where, whose: "phones.number" ‖ row id; a value moved to another row or tenant does not open. */
size_t crypt_seal(const uint8_t *tenant, const char *context, const uint8_t *row_id, const void *plain, size_t len,
                  uint8_t *out);
/* False when it is not ours, changed, moved, or of an unknown version. *ret_len = len - CRYPT_SEAL_EXTRA. */
bool crypt_open(const uint8_t *tenant, const char *context, const uint8_t *row_id, const uint8_t *sealed, size_t len,
                void *out, size_t *ret_len) MUST_USE;

#endif
