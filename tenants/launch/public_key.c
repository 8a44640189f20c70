/* public_key: documents in, SubjectPublicKeyInfo out; verification by OpenSSL's EVP. */
#include "launch/public_key.h"

#include "crypt.h"
#include "text.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define P256 32       /* bytes of one number of P-256 */
#define ED25519 32    /* bytes of a key */
#define RSA_BYTES 520 /* 4096 bits, and the zero that some put before them */
#define RSA_LEAST 2048
#define RSA_MOST 4096

const char *const ALGORITHMS[] = {"EdDSA", "ES256", "RS256", "HS256", NULL};

/* What a JWK of the algorithm must say of itself. */
static const struct {
    const char *type, *curve;
} FORMS[] = {
    [ALGORITHM_EDDSA] = {"OKP", "Ed25519"}, [ALGORITHM_ES256] = {"EC", "P-256"}, [ALGORITHM_RS256] = {"RSA", NULL}};

static const char *misfit(enum algorithm algorithm, const json_t *jwk);
static EVP_PKEY *import(enum algorithm algorithm, const json_t *jwk);
static EVP_PKEY *import_rsa(const json_t *jwk);
static EVP_PKEY *import_p256(const json_t *jwk);
static EVP_PKEY *import_ed25519(const json_t *jwk);
static bool is_fit(enum algorithm algorithm, EVP_PKEY *key);
static bool keep(enum algorithm algorithm, EVP_PKEY *key, struct public_key *ret);

bool algorithm_of(const char *name, enum algorithm *ret)
{
    for (size_t i = 0; name && ALGORITHMS[i]; i++) {
        if (strcmp(ALGORITHMS[i], name) == 0) {
            *ret = (enum algorithm)i;
            return true;
        }
    }
    return false;
}

bool public_key_is_kid(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return len >= 1 && len <= PUBLIC_KEY_KID;
}

/* ---- documents ---- */

bool public_key_of_jwk(enum algorithm algorithm, const json_t *jwk, struct public_key *ret,
                       char fault[static PUBLIC_KEY_FAULT])
{
    const char *member = algorithm == ALGORITHM_HS256 ? "kty" : misfit(algorithm, jwk);
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    struct public_key key = {0};
    if (!member && !keep(algorithm, import(algorithm, jwk), &key))
        member = "";
    if (member) {
        snprintf(fault, PUBLIC_KEY_FAULT, "%s%s", *member ? "/" : "", member);
        return false;
    }
    snprintf(key.kid, sizeof(key.kid), "%s", kid ? kid : "");
    *ret = key;
    return true;
}

/* The member by which a JWK is not what is needed; "" when it is no object at all, NULL when all is well. */
static const char *misfit(enum algorithm algorithm, const json_t *jwk)
{
    static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    const struct {
        const char *member, *value;
        bool needed;
    } says[] = {{"kty", FORMS[algorithm].type, true},
                {"crv", FORMS[algorithm].curve, FORMS[algorithm].curve != NULL},
                {"alg", ALGORITHMS[algorithm], false},
                {"use", "sig", false}};
    const json_t *value, *each;
    size_t i;
    if (!json_is_object(jwk))
        return "";
    for (i = 0; i < LEN(private); i++) {
        if (json_object_get(jwk, private[i]))
            return private[i];
    }
    for (i = 0; i < LEN(says); i++) {
        value = json_object_get(jwk, says[i].member);
        const char *text = json_string_value(value);
        if (value ? !text || !says[i].value || strcmp(text, says[i].value) != 0 : says[i].needed)
            return says[i].member;
    }
    if ((value = json_object_get(jwk, "kid")) && !public_key_is_kid(json_string_value(value)))
        return "kid";
    value = json_object_get(jwk, "key_ops");
    if (value && !json_is_array(value))
        return "key_ops";
    json_array_foreach(value, i, each)
    {
        if (!json_is_string(each) || strcmp(json_string_value(each), "verify") != 0)
            return "key_ops";
    }
    return NULL;
}

bool public_keys_of_jwks(enum algorithm algorithm, const json_t *jwks, struct public_key ret[static PUBLIC_KEYS_MOST],
                         size_t *ret_count, char fault[static PUBLIC_KEY_FAULT])
{
    const json_t *keys = json_object_get(jwks, "keys");
    size_t count = json_array_size(keys);
    if (count < 1 || count > PUBLIC_KEYS_MOST) {
        snprintf(fault, PUBLIC_KEY_FAULT, "/keys");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char within[PUBLIC_KEY_FAULT] = "/kid";
        bool good = public_key_of_jwk(algorithm, json_array_get(keys, i), &ret[i], within);
        bool named = good && *ret[i].kid;
        for (size_t j = 0; j < i; j++)
            named = named && strcmp(ret[j].kid, ret[i].kid) != 0;
        if (!named) {
            snprintf(fault, PUBLIC_KEY_FAULT, "/keys/%zu%.16s", i, within);
            return false;
        }
    }
    *ret_count = count;
    return true;
}

bool public_key_of_pem(enum algorithm algorithm, const char *pem, struct public_key *ret)
{
    static const char begin[] = "-----BEGIN ", public[] = "-----BEGIN PUBLIC KEY-----";
    const char *first = strstr(pem, begin);
    struct public_key key = {0};
    if (!first || strncmp(first, public, sizeof(public) - 1) != 0 || strstr(first + 1, begin))
        return false; /* one block and no other: a private key pasted along with it is refused, not ignored */
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *read = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (!keep(algorithm, read, &key))
        return false;
    *ret = key;
    return true;
}

json_t *public_keys_json(const struct public_key *keys, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char hex[2 * PUBLIC_KEY_DER + 1];
        text_hex(keys[i].der, keys[i].len, hex);
        json_array_append_new(list, json_pack("{ssss}", "kid", keys[i].kid, "public_key", hex));
    }
    return list;
}

/* ---- a JWK as OpenSSL's key; NULL when it is none ---- */

static EVP_PKEY *import(enum algorithm algorithm, const json_t *jwk)
{
    switch (algorithm) {
    case ALGORITHM_EDDSA:
        return import_ed25519(jwk);
    case ALGORITHM_ES256:
        return import_p256(jwk);
    case ALGORITHM_RS256:
        return import_rsa(jwk);
    case ALGORITHM_HS256:
        break;
    }
    return NULL;
}

/* Bytes of a base64url member, at most `room`; 0 when there are none. */
static size_t bytes_of(const json_t *jwk, const char *member, uint8_t *ret, size_t room)
{
    const char *text = json_string_value(json_object_get(jwk, member));
    size_t text_len = text ? strlen(text) : 0, len = text_len * 3 / 4;
    return len <= room && text_len && text_unbase64url(text, text_len, ret, len) ? len : 0;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *import_ed25519(const json_t *jwk)
{
    uint8_t x[ED25519];
    return bytes_of(jwk, "x", x, sizeof(x)) == ED25519 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, ED25519)
                                                       : NULL;
}

static EVP_PKEY *import_p256(const json_t *jwk)
{
    uint8_t point[1 + 2 * P256] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[] = "P-256";
    if (bytes_of(jwk, "x", point + 1, P256) != P256 || bytes_of(jwk, "y", point + 1 + P256, P256) != P256)
        return NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
                           OSSL_PARAM_construct_end()};
    return from_params("EC", params);
}

static EVP_PKEY *import_rsa(const json_t *jwk)
{
    uint8_t n[RSA_BYTES], e[8];
    size_t n_len = bytes_of(jwk, "n", n, sizeof(n)), e_len = bytes_of(jwk, "e", e, sizeof(e));
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL), *exponent = BN_bin2bn(e, (int)e_len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (n_len && e_len && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *key = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(exponent);
    BN_free(modulus);
    return key;
}

/* ---- what is kept ---- */

/* Takes the key over. Checks it mathematically too: once, here, because that is slow. */
static bool keep(enum algorithm algorithm, EVP_PKEY *key, struct public_key *ret)
{
    EVP_PKEY_CTX *ctx = key && is_fit(algorithm, key) ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    uint8_t *der = NULL;
    int len = ctx && EVP_PKEY_public_check(ctx) == 1 ? i2d_PUBKEY(key, &der) : 0;
    bool good = len > 0 && len <= PUBLIC_KEY_DER;
    if (good) {
        memcpy(ret->der, der, (size_t)len);
        ret->len = (size_t)len;
    }
    OPENSSL_free(der);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

static bool is_fit_rsa(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool good = bits >= RSA_LEAST && bits <= RSA_MOST && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                BN_is_odd(e) && BN_num_bits(e) > 16 && BN_num_bits(e) <= 32;
    BN_free(e);
    return good;
}

static bool is_fit_p256(EVP_PKEY *key)
{
    char group[32] = "";
    int explicit = 1;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) == 1 &&
           strcmp(group, "prime256v1") == 0 &&
           (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) != 1 || !explicit);
}

/* Points of a small order verify signatures that nobody made. All their encodings, the sign of x left out (RFC 8032 §5.1.3). */
static bool is_fit_ed25519(EVP_PKEY *key)
{
    static const uint8_t small[][ED25519] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
        {0xec, [1 ... 30] = 0xff, 0x7f},
        {0xed, [1 ... 30] = 0xff, 0x7f},
        {0xee, [1 ... 30] = 0xff, 0x7f},
    };
    uint8_t point[ED25519];
    size_t len = sizeof(point);
    if (EVP_PKEY_get_raw_public_key(key, point, &len) != 1 || len != ED25519)
        return false;
    point[ED25519 - 1] &= 0x7f;
    for (size_t i = 0; i < LEN(small); i++) {
        if (memcmp(point, small[i], ED25519) == 0)
            return false;
    }
    return true;
}

static bool is_fit(enum algorithm algorithm, EVP_PKEY *key)
{
    int type = EVP_PKEY_get_base_id(key); /* RSA-PSS keys are another type, and not ours */
    switch (algorithm) {
    case ALGORITHM_EDDSA:
        return type == EVP_PKEY_ED25519 && is_fit_ed25519(key);
    case ALGORITHM_ES256:
        return type == EVP_PKEY_EC && is_fit_p256(key);
    case ALGORITHM_RS256:
        return type == EVP_PKEY_RSA && is_fit_rsa(key);
    case ALGORITHM_HS256:
        break;
    }
    return false;
}

/* ---- signatures ---- */

static bool verifies_hmac(const uint8_t *key, size_t key_len, const char *text, size_t text_len,
                          const uint8_t *signature, size_t signature_len)
{
    uint8_t mac[CRYPT_MAC];
    if (key_len < PUBLIC_KEY_SECRET || signature_len != CRYPT_MAC)
        return false;
    crypt_hmac_sha256(key, key_len, text, text_len, mac);
    bool good = crypt_equal(mac, signature, CRYPT_MAC);
    crypt_wipe(mac, sizeof(mac));
    return good;
}

/* JWS writes r and s side by side (RFC 7518 §3.4), OpenSSL reads them in DER. Returns the bytes written, 0 for none. */
static size_t ecdsa_der(const uint8_t *signature, size_t len, uint8_t ret[static 80])
{
    ECDSA_SIG *pair = len == 2 * P256 ? ECDSA_SIG_new() : NULL;
    if (!pair || ECDSA_SIG_set0(pair, BN_bin2bn(signature, P256, NULL), BN_bin2bn(signature + P256, P256, NULL)) != 1) {
        ECDSA_SIG_free(pair);
        return 0;
    }
    int written = i2d_ECDSA_SIG(pair, &(unsigned char *){ret});
    ECDSA_SIG_free(pair);
    return written > 0 ? (size_t)written : 0;
}

bool public_key_verifies(enum algorithm algorithm, const uint8_t *key, size_t key_len, const char *text,
                         size_t text_len, const uint8_t *signature, size_t signature_len)
{
    if (algorithm == ALGORITHM_HS256)
        return verifies_hmac(key, key_len, text, text_len, signature, signature_len);

    const uint8_t *at = key;
    uint8_t der[80];
    EVP_PKEY *read = d2i_PUBKEY(NULL, &at, (long)key_len);
    EVP_MD_CTX *ctx = read && at == key + key_len && is_fit(algorithm, read) ? EVP_MD_CTX_new() : NULL;
    if (algorithm == ALGORITHM_ES256) {
        signature_len = ecdsa_der(signature, signature_len, der);
        signature = der;
    }
    bool good = ctx && signature_len &&
                EVP_DigestVerifyInit(ctx, NULL, algorithm == ALGORITHM_EDDSA ? NULL : EVP_sha256(), NULL, read) == 1 &&
                EVP_DigestVerify(ctx, signature, signature_len, (const uint8_t *)text, text_len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(read);
    ERR_clear_error();
    return good;
}
