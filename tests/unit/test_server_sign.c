/* sign: the key of RFC 7515 §A.3, thumbprints, signatures that OpenSSL takes back, and keys by root key version. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "server/sign.c"
#include "server/req_inside.h"

static const char KEY_1[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char KEY_2[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/* RFC 7515 §A.3.1 */
static const char RFC_D[] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
static const char RFC_X[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char RFC_Y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char RFC_KID[] = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"; /* its thumbprint, by another program */

/* The order of the curve (SEC 2 §2.4.2), big-endian. */
static const uint8_t ORDER[SCALAR] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                      0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void nothing(struct req *rq)
{
    (void)rq;
}

static void with_roots(const char *text)
{
    char path[] = "/tmp/tillgate-root-keys-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_true(crypt_start(path));
    unlink(path);
}

static void start(const char *text, const char *purpose)
{
    with_roots(text);
    sign_start(purpose, "test+jwt");
}

static void finish(void)
{
    sign_stop();
    crypt_stop();
}

static const char *one_root(void)
{
    static char text[80];
    snprintf(text, sizeof text, "1 %s\n", KEY_1);
    return text;
}

static const char *two_roots(void)
{
    static char text[160];
    snprintf(text, sizeof text, "1 %s\n2 %s\n", KEY_1, KEY_2);
    return text;
}

static void the_key_of_rfc_7515(void **state)
{
    (void)state;
    struct sign_key key;
    uint8_t d[SCALAR];

    with_roots(one_root());
    assert_true(text_unbase64url(RFC_D, strlen(RFC_D), d, sizeof d));
    assert_true(key_make(&key, d));
    assert_string_equal(key.x, RFC_X);
    assert_string_equal(key.y, RFC_Y);
    assert_string_equal(key.kid, RFC_KID);
    EVP_PKEY_CTX_free(key.ctx);
    crypt_stop();
}

/* Zero, the order and what is above it are no scalars; one below the order is. */
static void a_candidate_out_of_range_is_not_taken(void **state)
{
    (void)state;
    struct sign_key key;
    uint8_t scalar[SCALAR] = {0};

    with_roots(one_root());
    assert_false(key_make(&key, scalar));
    assert_false(key_make(&key, ORDER));
    memcpy(scalar, ORDER, SCALAR);
    scalar[SCALAR - 1]++;
    assert_false(key_make(&key, scalar));
    memset(scalar, 0xff, SCALAR);
    assert_false(key_make(&key, scalar));
    memcpy(scalar, ORDER, SCALAR);
    scalar[SCALAR - 1]--;
    assert_true(key_make(&key, scalar));
    EVP_PKEY_CTX_free(key.ctx);
    crypt_stop();
}

/* The public key alone, as somebody else makes it from the JWK. */
static EVP_PKEY *public_key(const char *x, const char *y)
{
    uint8_t point[POINT] = {4};
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t) "prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    assert_true(text_unbase64url(x, strlen(x), point + 1, SCALAR));
    assert_true(text_unbase64url(y, strlen(y), point + 1 + SCALAR, SCALAR));
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool verifies(const struct sign_key *key, const char *token)
{
    const char *dot = strrchr(token, '.');
    uint8_t raw[SIGNATURE], *der = NULL;
    EVP_PKEY *public = public_key(key->x, key->y);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *parts = ECDSA_SIG_new();
    bool good;

    assert_true(text_unbase64url(dot + 1, strlen(dot + 1), raw, sizeof raw));
    ECDSA_SIG_set0(parts, BN_bin2bn(raw, SCALAR, NULL), BN_bin2bn(raw + SCALAR, SCALAR, NULL));
    int len = i2d_ECDSA_SIG(parts, &der);
    good = EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, public, NULL) == 1 &&
           EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)token, (size_t)(dot - token)) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    return good;
}

/* Often enough that an r or s with leading zeros is among them (1 in 128). */
static void every_signature_is_64_bytes_and_verifies(void **state)
{
    (void)state;
    struct req *rq = req_new(true, "test");

    start(two_roots(), "test");
    for (int i = 0; i < 600; i++) {
        const char *token = sign_jws(rq, json_pack("{si}", "n", i));
        assert_int_equal(strlen(strrchr(token, '.') + 1), 86);
        assert_true(verifies(&keys[0], token));
        assert_false(verifies(&keys[1], token));
    }
    finish();
    req_run(rq, nothing);
}

static void the_token_says_what_it_was_given(void **state)
{
    (void)state;
    struct req *rq = req_new(true, "test");
    char head[HEADER_MOST], expected[HEADER_MOST];

    start(one_root(), "test");
    const char *token = sign_jws(rq, json_pack("{ss}", "sub", "ann"));
    size_t len = strcspn(token, ".") * 3 / 4;
    assert_true(text_unbase64url(token, strcspn(token, "."), (uint8_t *)head, len));
    snprintf(expected, sizeof expected, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"test+jwt\"}", keys[0].kid);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(head, expected, len);
    assert_memory_equal(strchr(token, '.') + 1, "eyJzdWIiOiJhbm4ifQ.", 19);
    finish();
    req_run(rq, nothing);
}

static void keys_come_from_the_root_keys_alone(void **state)
{
    (void)state;
    char first[COORDINATE], other[COORDINATE];

    start(one_root(), "test");
    assert_int_equal(key_count, 1);
    memcpy(first, keys[0].kid, sizeof first);
    finish();
    start(one_root(), "another purpose");
    memcpy(other, keys[0].kid, sizeof other);
    assert_string_not_equal(first, other);
    finish();
    start(one_root(), "test");
    assert_string_equal(keys[0].kid, first);
    finish();
}

static void a_new_root_key_signs_and_the_one_before_stays_published(void **state)
{
    (void)state;
    char first[COORDINATE];
    json_t *all, *set;

    start(one_root(), "test");
    memcpy(first, keys[0].kid, sizeof first);
    finish();
    start(two_roots(), "test");
    all = sign_jwks();
    set = json_object_get(all, "keys");
    assert_int_equal(json_array_size(set), 2);
    assert_string_not_equal(json_string_value(json_object_get(json_array_get(set, 0), "kid")), first);
    assert_string_equal(json_string_value(json_object_get(json_array_get(set, 1), "kid")), first);
    assert_null(json_object_get(json_array_get(set, 0), "d"));
    json_decref(all);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_rfc_7515),
        cmocka_unit_test(a_candidate_out_of_range_is_not_taken),
        cmocka_unit_test(every_signature_is_64_bytes_and_verifies),
        cmocka_unit_test(the_token_says_what_it_was_given),
        cmocka_unit_test(keys_come_from_the_root_keys_alone),
        cmocka_unit_test(a_new_root_key_signs_and_the_one_before_stays_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
