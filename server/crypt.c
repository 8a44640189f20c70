/* crypt: OpenSSL's EVP behind a handful of words; every context is made once and used again. */
#include "crypt.h"
#include "config.h"
#include "log.h"
#include "text.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sys/mman.h>

#define MOST_VERSIONS 16
#define SEAL_FORMAT 1
#define NONCE 12
#define TAG 16
#define SEAL_HEAD (1 + 2 + NONCE)

/* prk: HKDF-Extract of the root key; the root key itself is wiped as soon as this exists. */
struct root {
    int version;
    uint8_t prk[CRYPT_MAC];
};

static struct root roots[MOST_VERSIONS]; /* highest version first */
static size_t root_count;
static EVP_MAC_CTX *hmac_sha256;
static EVP_MAC_CTX *hmac_sha1;
static EVP_CIPHER_CTX *gcm;
static const EVP_CIPHER *aes_256_gcm;
static EVP_MD *sha256;
static uint8_t ids[1024];
static size_t ids_left;

static void contexts_start(void);
static bool roots_parse(char *text);
static bool root_add(const char *line);
static void hkdf_extract(const void *salt, size_t salt_len, const void *key, size_t len, uint8_t ret[static CRYPT_MAC]);
static void hkdf_expand(const uint8_t prk[static CRYPT_MAC], const void *info, size_t len,
                        uint8_t ret[static CRYPT_MAC]);

/* ---- start and stop ---- */

bool crypt_start(const char *root_keys_file)
{
    char text[4096];
    size_t len;
    bool good;

    contexts_start();
    if (!config_secret(root_keys_file, text, sizeof text, &len))
        return false;
    mlock(roots, sizeof roots);
    madvise(roots, sizeof roots, MADV_DONTDUMP); /* both are a bonus: core dumps are off anyway */
    good = roots_parse(text);
    crypt_wipe(text, sizeof text);
    return good;
}

void crypt_stop(void)
{
    crypt_wipe(roots, sizeof roots);
    root_count = 0;
    EVP_MAC_CTX_free(hmac_sha256);
    EVP_MAC_CTX_free(hmac_sha1);
    EVP_CIPHER_CTX_free(gcm);
    EVP_MD_free(sha256);
    hmac_sha256 = hmac_sha1 = NULL;
    gcm = NULL;
    sha256 = NULL;
}

static EVP_MAC_CTX *new_hmac(const char *digest)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    if (!ctx || EVP_MAC_CTX_set_params(ctx, params) != 1)
        die("OpenSSL has no HMAC-%s", digest);
    EVP_MAC_free(mac);
    return ctx;
}

static void contexts_start(void)
{
    if (hmac_sha256)
        return;
    hmac_sha256 = new_hmac("SHA256");
    hmac_sha1 = new_hmac("SHA1");
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    aes_256_gcm = EVP_aes_256_gcm();
    gcm = EVP_CIPHER_CTX_new();
    if (!sha256 || !gcm)
        die("OpenSSL has no SHA-256 or no memory");
}

/* Lines "VERSION HEX64"; the order in the file does not matter. */
static bool roots_parse(char *text)
{
    char *rest = NULL;

    root_count = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (*line == '#' || strspn(line, " \t\r") == strlen(line))
            continue;
        if (!root_add(line)) {
            log_event(LOG_ERROR, NULL, "root_key_refused",
                      L_TEXT("want", "VERSION (1..65535, once) and 64 hex digits"));
            return false;
        }
    }
    if (root_count == 0)
        log_event(LOG_ERROR, NULL, "root_keys_empty");
    return root_count > 0;
}

static bool root_add(const char *line)
{
    char *end;
    long version = strtol(line, &end, 10);
    uint8_t key[CRYPT_MAC];
    char hex[2 * CRYPT_MAC + 1];
    size_t at = root_count;

    if (end == line || *end != ' ' || version < 1 || version > 65535 || root_count == MOST_VERSIONS)
        return false;
    snprintf(hex, sizeof hex, "%s", end + 1);
    if (strspn(end + 1, "0123456789abcdef") != 2 * CRYPT_MAC || strspn(end + 65, " \r") != strlen(end + 65) ||
        !text_unhex(hex, key, sizeof key))
        return false;
    for (size_t i = 0; i < root_count; i++)
        if (roots[i].version == version)
            return false;
    for (; at > 0 && roots[at - 1].version < version; at--)
        roots[at] = roots[at - 1];
    roots[at].version = (int)version;
    hkdf_extract("", 0, key, sizeof key, roots[at].prk);
    root_count++;
    crypt_wipe(key, sizeof key);
    crypt_wipe(hex, sizeof hex);
    return true;
}

int crypt_version(void)
{
    return root_count > 0 ? roots[0].version : 0;
}

int crypt_version_before(void)
{
    return root_count > 1 ? roots[1].version : 0;
}

int crypt_version_first(void)
{
    return root_count > 0 ? roots[root_count - 1].version : 0;
}

/* ---- random, equal, wipe, hash ---- */

void crypt_random(void *bytes, size_t len)
{
    if (RAND_priv_bytes(bytes, (int)len) != 1)
        die("the random generator failed");
}

/* A child must not repeat what its parent had in store. */
static void forget_ids(void)
{
    ids_left = 0;
}

void crypt_random_id(void *bytes, size_t len)
{
    static bool registered;

    if (len > sizeof ids)
        die("an identifier of %zu bytes", len);
    if (!registered)
        registered = pthread_atfork(NULL, NULL, forget_ids) == 0;
    if (ids_left < len) {
        if (RAND_bytes(ids, sizeof ids) != 1)
            die("the random generator failed");
        ids_left = sizeof ids;
    }
    memcpy(bytes, ids + sizeof ids - ids_left, len);
    ids_left -= len;
}

uint32_t crypt_uniform(uint32_t bound)
{
    uint32_t limit = UINT32_MAX - (uint32_t)(((uint64_t)UINT32_MAX + 1) % bound); /* last value without bias */
    uint32_t drawn;

    do {
        crypt_random(&drawn, sizeof drawn);
    } while (drawn > limit);
    return drawn % bound;
}

bool crypt_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void crypt_wipe(void *bytes, size_t len)
{
    if (len)
        OPENSSL_cleanse(bytes, len);
}

void crypt_hash(const void *bytes, size_t len, uint8_t ret[static CRYPT_MAC])
{
    contexts_start();
    if (EVP_Digest(bytes, len, ret, NULL, sha256, NULL) != 1)
        die("SHA-256 failed");
}

/* ---- MACs and derived keys ---- */

static void hmac(EVP_MAC_CTX *ctx, const void *key, size_t key_len, const void *bytes, size_t len, uint8_t *ret,
                 size_t ret_len)
{
    size_t written;

    /* EVP_MAC_init takes a NULL key for "keep the last one", so an empty key must not look like that. */
    if (EVP_MAC_init(ctx, key_len ? key : "", key_len, NULL) != 1 || EVP_MAC_update(ctx, bytes, len) != 1 ||
        EVP_MAC_final(ctx, ret, &written, ret_len) != 1 || written != ret_len)
        die("HMAC failed");
}

/* RFC 5869 §2.2 */
static void hkdf_extract(const void *salt, size_t salt_len, const void *key, size_t len, uint8_t ret[static CRYPT_MAC])
{
    hmac(hmac_sha256, salt, salt_len, key, len, ret, CRYPT_MAC);
}

/* RFC 5869 §2.3 for one block, which is all that a key needs: T(1) = HMAC(PRK, info ‖ 0x01). */
static void hkdf_expand(const uint8_t prk[static CRYPT_MAC], const void *info, size_t len,
                        uint8_t ret[static CRYPT_MAC])
{
    uint8_t block[256];

    if (len >= sizeof block)
        die("HKDF info of %zu bytes", len);
    memcpy(block, info, len);
    block[len] = 1;
    hmac(hmac_sha256, prk, CRYPT_MAC, block, len + 1, ret, CRYPT_MAC);
}

static const struct root *root_of(int version)
{
    for (size_t i = 0; i < root_count; i++)
        if (roots[i].version == version)
            return &roots[i];
    return NULL;
}

static bool derive(int version, const uint8_t *tenant, const char *purpose, uint8_t ret[static CRYPT_MAC])
{
    const struct root *root = root_of(version);
    uint8_t info[16 + 64] = {0};
    size_t len = strlen(purpose);

    if (!root)
        return false;
    if (len > 64)
        die("purpose %s is too long", purpose);
    if (tenant)
        memcpy(info, tenant, 16);
    memcpy(info + 16, purpose, len);
    hkdf_expand(root->prk, info, 16 + len, ret);
    return true;
}

void crypt_mac(int version, const uint8_t *tenant, const char *purpose, const void *bytes, size_t len,
               uint8_t ret[static CRYPT_MAC])
{
    uint8_t key[CRYPT_MAC];

    if (!derive(version, tenant, purpose, key))
        die("no root key of version %d", version);
    hmac(hmac_sha256, key, sizeof key, bytes, len, ret, CRYPT_MAC);
    crypt_wipe(key, sizeof key);
}

void crypt_hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[static 20])
{
    contexts_start();
    hmac(hmac_sha1, key, key_len, bytes, len, ret, 20);
}

void crypt_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[static CRYPT_MAC])
{
    contexts_start();
    hmac(hmac_sha256, key, key_len, bytes, len, ret, CRYPT_MAC);
}

/* ---- sealing ----
 * format (1) ‖ key version (2, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16); the associated data is
 * context ‖ tenant ‖ row id, and the key belongs to version and tenant. */

static size_t associated(const uint8_t *tenant, const char *context, const uint8_t *row_id, uint8_t out[static 128])
{
    size_t len = strlen(context);

    if (len > 96)
        die("context %s is too long", context);
    memset(out, 0, 128);
    memcpy(out, context, len);
    if (tenant)
        memcpy(out + len, tenant, 16);
    if (row_id)
        memcpy(out + len + 16, row_id, 16);
    return len + 32;
}

size_t crypt_seal(const uint8_t *tenant, const char *context, const uint8_t *row_id, const void *plain, size_t len,
                  uint8_t *out)
{
    uint8_t key[CRYPT_MAC], data[128];
    size_t data_len = associated(tenant, context, row_id, data);
    int version = crypt_version(), done;

    if (!derive(version, tenant, "seal", key))
        die("no root key to seal with");
    out[0] = SEAL_FORMAT;
    out[1] = (uint8_t)(version >> 8);
    out[2] = (uint8_t)version;
    crypt_random(out + 3, NONCE);
    if (EVP_EncryptInit_ex2(gcm, aes_256_gcm, key, out + 3, NULL) != 1 ||
        EVP_EncryptUpdate(gcm, NULL, &done, data, (int)data_len) != 1 ||
        EVP_EncryptUpdate(gcm, out + SEAL_HEAD, &done, plain, (int)len) != 1 ||
        EVP_EncryptFinal_ex(gcm, out + SEAL_HEAD + done, &done) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG, out + SEAL_HEAD + len) != 1)
        die("AES-GCM failed");
    crypt_wipe(key, sizeof key);
    EVP_CIPHER_CTX_reset(gcm);
    return len + CRYPT_SEAL_EXTRA;
}

bool crypt_open(const uint8_t *tenant, const char *context, const uint8_t *row_id, const uint8_t *sealed, size_t len,
                void *out, size_t *ret_len)
{
    uint8_t key[CRYPT_MAC], data[128], tag[TAG];
    size_t data_len = associated(tenant, context, row_id, data), plain_len;
    int done = 0;
    bool good;

    if (len < CRYPT_SEAL_EXTRA || sealed[0] != SEAL_FORMAT || !derive(sealed[1] << 8 | sealed[2], tenant, "seal", key))
        return false;
    plain_len = len - CRYPT_SEAL_EXTRA;
    memcpy(tag, sealed + len - TAG, TAG);
    good = EVP_DecryptInit_ex2(gcm, aes_256_gcm, key, sealed + 3, NULL) == 1 &&
           EVP_DecryptUpdate(gcm, NULL, &done, data, (int)data_len) == 1 &&
           EVP_DecryptUpdate(gcm, out, &done, sealed + SEAL_HEAD, (int)plain_len) == 1 &&
           EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptFinal_ex(gcm, (uint8_t *)out + plain_len, &done) == 1;
    crypt_wipe(key, sizeof key);
    EVP_CIPHER_CTX_reset(gcm);
    if (!good)
        crypt_wipe(out, plain_len); /* GCM gives the text before it knows whether it is true */
    else
        *ret_len = plain_len;
    return good;
}
