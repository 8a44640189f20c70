/* sign: one context per key, made at the start; a signature is one hash and one EVP_PKEY_sign. */
#include "sign.h"
#include "crypt.h"
#include "log.h"
#include "text.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#define SCALAR 32
#define POINT (1 + 2 * SCALAR) /* 04 ‖ x ‖ y */
#define SIGNATURE (2 * SCALAR) /* r ‖ s */
#define COORDINATE 44          /* base64url of 32 bytes, and NUL */
#define DER_MOST 80
#define HEADER_MOST 256

struct sign_key {
    EVP_PKEY_CTX *ctx;
    char x[COORDINATE], y[COORDINATE], kid[COORDINATE];
};

static struct sign_key keys[2]; /* the one that signs first */
static size_t key_count;
static char header[HEADER_MOST]; /* of every token, in base64url */

static bool key_make(struct sign_key *key, const uint8_t scalar[static SCALAR]);

/* ---- keys ---- */

/* Candidates in turn until one is a scalar of the curve (FIPS 186-5 §A.2.2): the first one, but for 1 in 2^32. */
static void key_derive(struct sign_key *key, const char *purpose, int version)
{
    uint8_t scalar[SCALAR];

    for (int i = 0; i < 256; i++) {
        const uint8_t candidate = (uint8_t)i;
        crypt_mac(version, NULL, purpose, &candidate, 1, scalar);
        bool made = key_make(key, scalar);
        crypt_wipe(scalar, sizeof scalar);
        if (made)
            return;
    }
    die("no key for %s", purpose);
}

/* The public point of a scalar; false when the scalar is zero or not below the order of the curve. */
static bool point_of(const BIGNUM *scalar, uint8_t ret_point[static POINT])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    bool good;

    if (!point)
        die("OpenSSL has no P-256");
    good = !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
    if (good && (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
                 EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_point, POINT, NULL) != POINT))
        die("P-256 failed");
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return good;
}

static EVP_PKEY *pair_of(const BIGNUM *scalar, uint8_t point[static POINT])
{
    uint8_t native[SCALAR];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t) "prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pair = NULL;

    if (BN_bn2nativepad(scalar, native, sizeof native) != SCALAR || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) != 1)
        die("OpenSSL takes no P-256 key");
    crypt_wipe(native, sizeof native);
    EVP_PKEY_CTX_free(ctx);
    return pair;
}

/* The key's name is its thumbprint (RFC 7638): the same in every process, another one in every installation. */
static void name_key(struct sign_key *key)
{
    char text[160];
    uint8_t hash[CRYPT_MAC];
    int len =
        snprintf(text, sizeof text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", key->x, key->y);

    crypt_hash(text, (size_t)len, hash);
    text_base64url(hash, sizeof hash, key->kid);
}

static bool key_make(struct sign_key *key, const uint8_t scalar[static SCALAR])
{
    BIGNUM *number = BN_bin2bn(scalar, SCALAR, NULL);
    uint8_t point[POINT];
    bool good;

    if (!number)
        die("out of memory");
    BN_set_flags(number, BN_FLG_CONSTTIME);
    good = point_of(number, point);
    if (good) {
        EVP_PKEY *pair = pair_of(number, point);
        key->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
        if (!key->ctx || EVP_PKEY_sign_init(key->ctx) != 1)
            die("OpenSSL has no ECDSA");
        EVP_PKEY_free(pair); /* the context holds it */
        text_base64url(point + 1, SCALAR, key->x);
        text_base64url(point + 1 + SCALAR, SCALAR, key->y);
        name_key(key);
    }
    BN_clear_free(number);
    return good;
}

/* ---- start and stop ---- */

void sign_start(const char *purpose, const char *type)
{
    char text[HEADER_MOST / 2];
    int len;

    key_derive(&keys[0], purpose, crypt_version());
    key_count = 1;
    if (crypt_version_before()) {
        key_derive(&keys[1], purpose, crypt_version_before());
        key_count = 2;
    }
    len = snprintf(text, sizeof text, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"%s\"}", keys[0].kid, type);
    if ((size_t)len >= sizeof text)
        die("type %s is too long", type);
    text_base64url((const uint8_t *)text, (size_t)len, header);
}

void sign_stop(void)
{
    for (size_t i = 0; i < key_count; i++)
        EVP_PKEY_CTX_free(keys[i].ctx);
    key_count = 0;
}

/* ---- signing ---- */

/* OpenSSL's signatures are DER; JWS wants the two numbers side by side, 32 bytes each. */
static void raw_signature(const uint8_t *der, size_t len, uint8_t ret[static SIGNATURE])
{
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)len);

    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts), ret, SCALAR) != SCALAR ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts), ret + SCALAR, SCALAR) != SCALAR)
        die("ECDSA gave no signature");
    ECDSA_SIG_free(parts);
}

static void es256(const void *bytes, size_t len, uint8_t ret[static SIGNATURE])
{
    uint8_t hash[CRYPT_MAC], der[DER_MOST];
    size_t der_len = sizeof der;

    crypt_hash(bytes, len, hash);
    if (EVP_PKEY_sign(keys[0].ctx, der, &der_len, hash, sizeof hash) != 1)
        die("ECDSA failed");
    raw_signature(der, der_len, ret);
}

const char *sign_jws(struct req *rq, json_t *claims)
{
    uint8_t raw[SIGNATURE];
    size_t len = json_dumpb(claims, NULL, 0, JSON_COMPACT), head = strlen(header), body = (len * 4 + 2) / 3;
    char *plain = req_alloc(rq, len + 1);
    char *token = req_alloc(rq, head + 1 + body + 1 + (SIGNATURE * 4 + 2) / 3 + 1);

    json_dumpb(claims, plain, len, JSON_COMPACT);
    json_decref(claims);
    memcpy(token, header, head);
    token[head] = '.';
    text_base64url((const uint8_t *)plain, len, token + head + 1);
    es256(token, head + 1 + body, raw);
    token[head + 1 + body] = '.';
    text_base64url(raw, sizeof raw, token + head + 1 + body + 1);
    return token;
}

json_t *sign_jwks(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < key_count; i++)
        json_array_append_new(list, json_pack("{ss ss ss ss ss ss ss}", "kty", "EC", "crv", "P-256", "x", keys[i].x,
                                              "y", keys[i].y, "kid", keys[i].kid, "use", "sig", "alg", "ES256"));
    return json_pack("{so}", "keys", list);
}
