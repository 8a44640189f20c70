/* token, public_key: the gate for launch tokens, step by step. Signatures are those of the RFCs, or made here by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define hosts_is_panel_origin is_audience /* stands in for the configuration, below */
#include "tenants/launch/public_key.c"
#include "tenants/launch/token.c"

#define NOW 1800000000
#define TENANT "tenant_01h455vb4pex5vsknk084sn02q"
#define ORIGIN "https://acme.panel.example"
#define JTI "0123456789abcdefABCDEF"

static const uint8_t SECRET[PUBLIC_KEY_SECRET] = "a secret of 32 bytes, not one le";

bool hosts_is_panel_origin(const char *slug, const char *origin)
{
    return strcmp(slug, "acme") == 0 && strcmp(origin, ORIGIN) == 0;
}

/* ---- signatures of the standards ---- */

#define CLAIMS_7515 "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RSA_N \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-" \
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-" \
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-" \
    "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define EC \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_" \
    "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define OKP "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static const struct {
    enum algorithm algorithm;
    const char *jwk, *text, *signature;
} STANDARD[] = {
    /* RFC 8037 appendix A.4 */
    {ALGORITHM_EDDSA, OKP "}", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    /* RFC 7515 appendix A.3 */
    {ALGORITHM_ES256, EC "}", "eyJhbGciOiJFUzI1NiJ9." CLAIMS_7515,
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    /* RFC 7515 appendix A.2 */
    {ALGORITHM_RS256, RSA "}", "eyJhbGciOiJSUzI1NiJ9." CLAIMS_7515,
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t"
     "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
     "xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
     "IoypGlUPQGe77Rw"},
};

static struct public_key read_jwk(enum algorithm algorithm, const char *text)
{
    char fault[PUBLIC_KEY_FAULT] = "unset";
    struct public_key key;
    json_t *jwk = json_loads(text, 0, NULL);
    assert_non_null(jwk);
    if (!public_key_of_jwk(algorithm, jwk, &key, fault))
        fail_msg("%s: refused at \"%s\"", text, fault);
    json_decref(jwk);
    return key;
}

static void the_standards_signatures_are_good_and_any_other_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(STANDARD); i++) {
        enum algorithm algorithm = STANDARD[i].algorithm;
        struct public_key key = read_jwk(algorithm, STANDARD[i].jwk);
        const char *text = STANDARD[i].text;
        uint8_t signature[PUBLIC_KEY_SIGNATURE];
        size_t len = strlen(STANDARD[i].signature) * 3 / 4;
        assert_true(text_unbase64url(STANDARD[i].signature, strlen(STANDARD[i].signature), signature, len));
        assert_true(public_key_verifies(algorithm, key.der, key.len, text, strlen(text), signature, len));

        for (enum algorithm other = ALGORITHM_EDDSA; other <= ALGORITHM_HS256; other++)
            assert_int_equal(public_key_verifies(other, key.der, key.len, text, strlen(text), signature, len),
                             other == algorithm);
        assert_false(public_key_verifies(algorithm, key.der, key.len, text, strlen(text) - 1, signature, len));
        assert_false(public_key_verifies(algorithm, key.der, key.len - 1, text, strlen(text), signature, len));
        assert_false(public_key_verifies(algorithm, key.der, key.len, text, strlen(text), signature, len - 1));
        assert_false(public_key_verifies(algorithm, key.der, key.len, text, strlen(text), signature, 0));
        for (size_t at = 0; at < len; at++) {
            signature[at] ^= 1;
            assert_false(public_key_verifies(algorithm, key.der, key.len, text, strlen(text), signature, len));
            signature[at] ^= 1;
        }
        memset(signature, 0, sizeof(signature));
        assert_false(public_key_verifies(algorithm, key.der, key.len, text, strlen(text), signature, len));
    }
}

/* RFC 7515 appendix A.1 */
static void a_shared_secret_signs_too_when_it_is_long_enough(void **state)
{
    static const char text[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS_7515;
    static const char secret_text[] =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    uint8_t secret[64], mac[CRYPT_MAC];
    (void)state;
    assert_true(text_unbase64url(secret_text, strlen(secret_text), secret, sizeof(secret)));
    assert_true(text_unbase64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43, mac, sizeof(mac)));
    assert_true(public_key_verifies(ALGORITHM_HS256, secret, 64, text, strlen(text), mac, sizeof(mac)));
    assert_false(public_key_verifies(ALGORITHM_HS256, secret, 64, text, strlen(text), mac, sizeof(mac) - 1));
    assert_false(public_key_verifies(ALGORITHM_HS256, secret, 63, text, strlen(text), mac, sizeof(mac)));
    crypt_hmac_sha256(secret, 31, text, strlen(text), mac);
    assert_false(public_key_verifies(ALGORITHM_HS256, secret, 31, text, strlen(text), mac, sizeof(mac)));
}

/* ---- documents ---- */

static void assert_jwk_fault(enum algorithm algorithm, const char *text, const char *where)
{
    char fault[PUBLIC_KEY_FAULT] = "none";
    struct public_key key = {.len = 7};
    json_t *jwk = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(jwk);
    assert_false(public_key_of_jwk(algorithm, jwk, &key, fault));
    assert_string_equal(fault, where);
    assert_int_equal(key.len, 7);
    json_decref(jwk);
}

static void a_jwk_says_what_it_is_for(void **state)
{
    (void)state;
    assert_string_equal(read_jwk(ALGORITHM_EDDSA, OKP "}").kid, "");
    assert_string_equal(
        read_jwk(ALGORITHM_EDDSA,
                 OKP ",\"kid\":\"a "
                     "key/1\",\"kid\":\"k1\",\"alg\":\"EdDSA\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"x5t\":\"-\"}")
            .kid,
        "k1");
    static const struct {
        enum algorithm algorithm;
        const char *jwk, *fault;
    } bad[] = {
        {ALGORITHM_EDDSA, "[]", ""},
        {ALGORITHM_EDDSA, "null", ""},
        {ALGORITHM_EDDSA, "{}", "/kty"},
        {ALGORITHM_EDDSA, "{\"kty\":1}", "/kty"},
        {ALGORITHM_EDDSA, "{\"kty\":\"OKP\"}", "/crv"},
        {ALGORITHM_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "/crv"},
        {ALGORITHM_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", ""},
        {ALGORITHM_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}",
         ""},
        {ALGORITHM_EDDSA,
         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}", ""},
        {ALGORITHM_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", ""},
        {ALGORITHM_EDDSA, OKP ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}", "/d"},
        {ALGORITHM_EDDSA, OKP ",\"d\":null}", "/d"},
        {ALGORITHM_EDDSA, OKP ",\"k\":\"AAAA\"}", "/k"},
        {ALGORITHM_EDDSA, OKP ",\"alg\":\"ES256\"}", "/alg"},
        {ALGORITHM_EDDSA, OKP ",\"use\":\"enc\"}", "/use"},
        {ALGORITHM_EDDSA, OKP ",\"use\":null}", "/use"},
        {ALGORITHM_EDDSA, OKP ",\"key_ops\":\"verify\"}", "/key_ops"},
        {ALGORITHM_EDDSA, OKP ",\"key_ops\":[\"verify\",\"sign\"]}", "/key_ops"},
        {ALGORITHM_EDDSA, OKP ",\"kid\":\"\"}", "/kid"},
        {ALGORITHM_EDDSA, OKP ",\"kid\":\"a b\"}", "/kid"},
        {ALGORITHM_EDDSA, OKP ",\"kid\":\"\\u00e9\"}", "/kid"},
        {ALGORITHM_EDDSA, OKP ",\"kid\":7}", "/kid"},
        {ALGORITHM_EDDSA, EC "}", "/kty"},
        {ALGORITHM_ES256, OKP "}", "/kty"},
        {ALGORITHM_ES256, EC ",\"oth\":[]}", "/oth"},
        {ALGORITHM_ES256,
         "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
         "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
         "/crv"},
        {ALGORITHM_ES256, /* not on the curve */
         "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"y_"
         "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
         ""},
        {ALGORITHM_RS256, RSA ",\"crv\":\"P-256\"}", "/crv"},
        {ALGORITHM_RS256, RSA ",\"dp\":\"AA\"}", "/dp"},
        {ALGORITHM_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Aw\"}", ""},       /* 3 */
        {ALGORITHM_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}", ""},     /* even */
        {ALGORITHM_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQABAAAB\"}", ""}, /* huge */
        {ALGORITHM_RS256, "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ""},
        {ALGORITHM_RS256, "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", ""},
        {ALGORITHM_HS256, "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"}", "/kty"},
    };
    for (size_t i = 0; i < LEN(bad); i++)
        assert_jwk_fault(bad[i].algorithm, bad[i].jwk, bad[i].fault);
}

/* A signature under such a key needs no private one. */
static void points_of_a_small_order_are_no_keys(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    (void)state;
    for (size_t i = 0; i < LEN(points); i++) {
        uint8_t point[32];
        char x[44], jwk[128];
        assert_true(text_unhex(points[i], point, sizeof(point)));
        text_base64url(point, sizeof(point), x);
        snprintf(jwk, sizeof(jwk), "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", x);
        assert_jwk_fault(ALGORITHM_EDDSA, jwk, "");
    }
}

static void assert_jwks(const char *text, size_t count, const char *where)
{
    static struct public_key keys[PUBLIC_KEYS_MOST];
    char fault[PUBLIC_KEY_FAULT] = "none";
    size_t got = 0;
    json_t *jwks = json_loads(text, 0, NULL);
    assert_non_null(jwks);
    assert_int_equal(public_keys_of_jwks(ALGORITHM_EDDSA, jwks, keys, &got, fault), count > 0);
    assert_int_equal(got, count);
    assert_string_equal(fault, where);
    json_decref(jwks);
}

static void a_set_names_each_key_once(void **state)
{
#define KEY(kid) OKP ",\"kid\":\"" kid "\"}"
#define FIVE(p) KEY(p "1") "," KEY(p "2") "," KEY(p "3") "," KEY(p "4") "," KEY(p "5")
    (void)state;
    assert_jwks("{\"keys\":[" KEY("a") "]}", 1, "none");
    assert_jwks("{\"keys\":[" FIVE("a") "," FIVE("b") "],\"more\":1}", 10, "none");
    assert_jwks("{\"keys\":[" FIVE("a") "," FIVE("b") "," KEY("c") "]}", 0, "/keys");
    assert_jwks("{\"keys\":[]}", 0, "/keys");
    assert_jwks("{\"keys\":{}}", 0, "/keys");
    assert_jwks("{}", 0, "/keys");
    assert_jwks("{\"keys\":[" KEY("a") "," KEY("b") "," KEY("a") "]}", 0, "/keys/2/kid");
    assert_jwks("{\"keys\":[" KEY("a") "," OKP "}]}", 0, "/keys/1/kid");
    assert_jwks("{\"keys\":[" KEY("a") "," OKP ",\"kid\":\"b\",\"use\":\"enc\"}]}", 0, "/keys/1/use");
    assert_jwks("{\"keys\":[" KEY("a") "," OKP ",\"kid\":\"b\",\"d\":\"AA\"}]}", 0, "/keys/1/d");
    assert_jwks("{\"keys\":[" EC ",\"kid\":\"a\"}]}", 0, "/keys/0/kty");
    assert_jwks("{\"keys\":[7]}", 0, "/keys/0");
}

static char *pem_of(EVP_PKEY *key, bool private)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL, *copy;
    assert_int_equal(
        private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(bio, key), 1);
    size_t len = (size_t)BIO_get_mem_data(bio, &text);
    copy = strndup(text, len);
    BIO_free(bio);
    return copy;
}

static bool takes_pem(enum algorithm algorithm, const char *pem)
{
    struct public_key key;
    return public_key_of_pem(algorithm, pem, &key);
}

static void a_pem_is_one_public_key(void **state)
{
    EVP_PKEY *keys[] = {
        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),           EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")};
    char both[8192];
    (void)state;
    for (size_t i = 0; i < LEN(keys); i++) {
        char *public = pem_of(keys[i], false), *private = pem_of(keys[i], true);
        for (enum algorithm algorithm = ALGORITHM_EDDSA; algorithm <= ALGORITHM_HS256; algorithm++) {
            assert_int_equal(takes_pem(algorithm, public), (size_t)algorithm == i && i < 3);
            assert_false(takes_pem(algorithm, private));
            snprintf(both, sizeof(both), "%s%s", public, private);
            assert_false(takes_pem(algorithm, both));
            snprintf(both, sizeof(both), "%s%s", private, public);
            assert_false(takes_pem(algorithm, both));
            snprintf(both, sizeof(both), "%s%s", public, public);
            assert_false(takes_pem(algorithm, both));
        }
        public[60] = '!';
        assert_false(takes_pem((enum algorithm)(i < 3 ? i : 0), public));
        free(public);
        free(private);
        EVP_PKEY_free(keys[i]);
    }
    assert_false(takes_pem(ALGORITHM_EDDSA, ""));
    assert_false(takes_pem(ALGORITHM_EDDSA, "-----BEGIN PUBLIC KEY-----"));
}

/* ---- tokens ---- */

#define HEADER "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}"

/* HEADER.CLAIMS.SIGNATURE, each from its plain text; signed under SECRET unless a signature is given. */
static const char *make(const char *header, const char *claims, const char *signature)
{
    static char text[16384];
    uint8_t mac[CRYPT_MAC];
    size_t at;
    text_base64url((const uint8_t *)header, strlen(header), text);
    at = strlen(text);
    text[at++] = '.';
    text_base64url((const uint8_t *)claims, strlen(claims), text + at);
    at += strlen(text + at);
    crypt_hmac_sha256(SECRET, sizeof(SECRET), text, at, mac);
    text[at++] = '.';
    if (signature)
        snprintf(text + at, sizeof(text) - at, "%s", signature);
    else
        text_base64url(mac, sizeof(mac), text + at);
    return text;
}

static void assert_word(const char *got, const char *want, const char *about)
{
    if (want ? !got || strcmp(got, want) != 0 : got != NULL)
        fail_msg("%s: %s, not %s", about, got ? got : "(good)", want ? want : "(good)");
}

static void assert_opens(const char *text, const char *why)
{
    struct launch_token token = {.signed_len = 7};
    assert_word(token_open(text, &token), why, text);
    if (why)
        assert_int_equal(token.signed_len, 7);
}

static void a_header_is_three_members_and_no_more(void **state)
{
#define WITH(member) "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"," member "}"
    static const struct {
        const char *header, *why;
    } headers[] = {
        {HEADER, NULL},
        {" {\"typ\":\"launch+jwt\",\n\"kid\":\"k1\",\"alg\":\"EdDSA\"} ", NULL},
        {"{\"alg\":\"none\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"None\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"hs256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"HS256 \",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"HS512\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":\"PS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":[\"HS256\"],\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"alg\":null,\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "alg"},
        {"{\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "header"},
        {"{\"alg\":\"HS256\",\"typ\":\"launch+jwt\"}", "header"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", "header"},
        {"{}", "header"},
        {"[]", "header"},
        {"\"x\"", "header"},
        {"null", "header"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"", "header"},
        {HEADER "x", "header"},
        {"\xff", "header"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}", "typ"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"LAUNCH+JWT\"}", "typ"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"application/launch+jwt\"}", "typ"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":1}", "typ"},
        {"{\"alg\":\"HS256\",\"kid\":\"\",\"typ\":\"launch+jwt\"}", "kid"},
        {"{\"alg\":\"HS256\",\"kid\":7,\"typ\":\"launch+jwt\"}", "kid"},
        {"{\"alg\":\"HS256\",\"kid\":\"k 1\",\"typ\":\"launch+jwt\"}", "kid"},
        {"{\"alg\":\"HS256\",\"kid\":\"k\\n1\",\"typ\":\"launch+jwt\"}", "kid"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\\u0000\",\"typ\":\"launch+jwt\"}", "header"},
        {"{\"alg\":\"HS256\",\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "header"},
        {"{\"alg\":\"none\",\"\\u0061lg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "header"},
        {WITH("\"crit\":[\"exp\"]"), "header"},
        {WITH("\"b64\":false"), "header"},
        {WITH("\"zip\":\"DEF\""), "header"},
        {WITH("\"jku\":\"https://evil.example/\""), "header"},
        {WITH("\"x5u\":\"https://evil.example/\""), "header"},
        {WITH("\"x5c\":[]"), "header"},
        {WITH("\"jwk\":{}"), "header"},
        {WITH("\"cty\":\"JWT\""), "header"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(headers); i++)
        assert_opens(make(headers[i].header, "{}", NULL), headers[i].why);
    char kid[160], header[256];
    memset(kid, 'k', sizeof(kid));
    kid[PUBLIC_KEY_KID] = '\0';
    snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"launch+jwt\"}", kid);
    assert_opens(make(header, "{}", NULL), NULL);
    memcpy(kid + PUBLIC_KEY_KID, "k", 2);
    snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"launch+jwt\"}", kid);
    assert_opens(make(header, "{}", NULL), "kid");
}

static void a_token_is_three_parts_of_canonical_base64url(void **state)
{
    char long_one[TOKEN_MOST + 2], wide[600];
    (void)state;
    assert_opens("", "shape");
    assert_opens(".", "shape");
    assert_opens("..", "shape");
    assert_opens("...", "shape");
    assert_opens("e30", "shape");
    assert_opens("e30.e30", "shape");
    assert_opens("e30.e30.", "shape");
    assert_opens(".e30.AAAA", "shape");
    assert_opens("e30..AAAA", "shape");
    assert_opens("e30.e30.AAAA", "header");
    assert_opens("e30.e30.AAAA.AAAA", "shape");
    assert_opens("e30.e30.AAAA.AAAA.AAAA", "shape");
    assert_opens("e31.e30.AAAA", "header"); /* a last character with bits that nobody reads */
    assert_opens("e30=.e30.AAAA", "header");
    assert_opens(" e30.e30.AAAA", "header");
    assert_opens("{\"protected\":\"e30\",\"payload\":\"e30\",\"signature\":\"AAAA\"}", "shape");
    static const char *const signatures[] = {"A",    "AAAA=",    "AA==",  "AB",    "AA+A", "AA/A", "AA A",
                                             "AA\n", "\xc3\xa9", "AAAA,", "AAAA.", "%41",  "AAAAA"};
    for (size_t i = 0; i < LEN(signatures); i++)
        assert_opens(make(HEADER, "{}", signatures[i]), "shape");
    memset(long_one, 'A', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    assert_opens(long_one, "shape");
    memset(wide, ' ', sizeof(wide) - 1);
    memcpy(wide + sizeof(wide) - 1 - strlen(HEADER), HEADER, strlen(HEADER) + 1);
    assert_opens(make(wide, "{}", NULL), "shape");
    assert_opens(make(wide + 250, "{}", NULL), NULL);
}

static const char *judge(const char *text, struct token_claims *ret)
{
    const struct token_place place = {TENANT, "acme", NOW};
    struct launch_token token;
    const char *why = token_open(text, &token);
    if (!why)
        why = token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET));
    return why ? why : token_claims(&token, &place, ret);
}

/* A good token's claims, with one of them said differently: NULL leaves it out. */
static const char *claims_with(const char *name, const char *value)
{
    static const char *const good[][2] = {
        {"iss", "\"" TENANT "\""}, {"aud", "\"" ORIGIN "\""}, {"iat", "1800000000"}, {"exp", "1800000060"},
        {"jti", "\"" JTI "\""},    {"sub", "\"42\""},         {"name", "\"Ann\""},   {"role", "\"admin\""},
    };
    static char text[8192];
    size_t at = 1;
    bool said = false;
    text[0] = '{';
    for (size_t i = 0; i < LEN(good); i++) {
        bool this = strcmp(good[i][0], name) == 0;
        said = said || this;
        if (!this || value)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%s\":%s", at > 1 ? "," : "", good[i][0],
                                   this ? value : good[i][1]);
    }
    if (!said)
        at += (size_t)snprintf(text + at, sizeof(text) - at, ",\"%s\":%s", name, value);
    snprintf(text + at, sizeof(text) - at, "}");
    return text;
}

static void assert_claim(const char *name, const char *value, const char *why)
{
    const char *claims = claims_with(name, value);
    struct token_claims got = {0};
    assert_word(judge(make(HEADER, claims, NULL), &got), why, claims);
    assert_int_equal(got.json != NULL, !why);
    json_decref(got.json);
}

static void each_claim_is_checked(void **state)
{
    static const char *const texts[] = {"iss", "aud", "jti", "sub", "name", "role", "iat", "exp"};
    static const char *const kinds[] = {"null", "true", "{}", "[]", "\"\"", "1.5", "-1", "\"\\u0007\""};
    static const struct {
        const char *name, *value, *why;
    } cases[] = {
        {"extra", "[1,{\"a\":2}]", NULL}, /* RFC 7519 §4: what is not understood is ignored */
        {"iss", "\"tenant_01h455vb4pex5vsknk084sn02r\"", "iss"},
        {"iss", "\"" TENANT " \"", "iss"},
        {"iss", "[\"" TENANT "\"]", "iss"},
        {"aud", "\"" ORIGIN "/\"", "aud"},
        {"aud", "\"" ORIGIN ":443\"", "aud"},
        {"aud", "\"HTTPS://acme.panel.example\"", "aud"},
        {"aud", "\"https://other.panel.example\"", "aud"},
        {"aud", "[\"" ORIGIN "\"]", "aud"},
        {"jti", "\"0123456789abcdefABCDE\"", "jti"},
        {"jti", "\"0123456789abcdef ABCDEF\"", "jti"},
        {"sub", "42", "sub"},
        {"name", "\"Ann\\nBob\"", "name"},
        {"name", "\"\\u00c4nne \\ud83d\\ude00\"", NULL},
        {"role", "\"superuser\"", "role"},
        {"role", "\"Owner\"", "role"},
        {"role", "\"viewer\"", NULL},
        {"email", "\"ann@shop.example\"", NULL},
        {"email", "\"ann\"", "email"},
        {"email", "\"a n@x\"", "email"},
        {"email", "7", "email"},
        {"locale", "\"de\"", NULL},
        {"locale", "\"xx\"", "locale"},
        {"destination", "\"/profile\"", NULL},
        {"destination", "\"//evil.example\"", "destination"},
        {"destination", "\"/profile/\"", "destination"},
        {"destination", "null", "destination"},
        {"return_url", "\"https://shop.example/admin?x=1\"", NULL},
        {"return_url", "\"javascript:alert(1)\"", "return_url"},
        {"return_url", "\"//evil.example\"", "return_url"},
        {"return_url", "\"https://shop.example@evil.example\"", "return_url"},
        {"iat", "1.8e9", "iat"},
        {"iat", "1800000000.0", "iat"},
        {"iat", "\"1800000000\"", "iat"},
        {"iat", "99999999999999999999", "claims"},
        {"exp", "9223372036854775807", "exp"},
        {"exp", "-9223372036854775808", "exp"},
        {"exp", "1e999", "claims"},
        {"iat", "0", "iat"},
        {"nbf", "null", "nbf"},
        {"nbf", "\"1\"", "nbf"},
        {"nbf", "1800000000", NULL},
    };
    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        assert_claim(texts[i], NULL, texts[i]);
        for (size_t j = 0; j < LEN(kinds); j++)
            assert_claim(texts[i], kinds[j], texts[i]);
    }
    for (size_t i = 0; i < LEN(cases); i++)
        assert_claim(cases[i].name, cases[i].value, cases[i].why);

    struct token_claims got;
    assert_word(judge(make(HEADER, "{\"iss\":\"" TENANT "\",\"iss\":\"x\"}", NULL), &got), "claims", "twice");
    assert_word(judge(make(HEADER, "[]", NULL), &got), "claims", "no object");
    assert_word(judge(make(HEADER, "eyJ9", NULL), &got), "claims", "nested");
}

static void a_store_clock_may_be_half_a_minute_off(void **state)
{
    static const struct {
        int64_t iat, exp, nbf; /* seconds from now; nbf 99: not said */
        const char *why;
    } cases[] = {
        {0, 60, 99, NULL},    {0, 1, 99, NULL},      {0, 0, 99, "exp"},    {0, -1, 99, "exp"},    {0, 61, 99, "exp"},
        {30, 90, 99, NULL},   {31, 90, 99, "iat"},   {-89, -29, 99, NULL}, {-90, -30, 99, "exp"}, {-90, -29, 99, "exp"},
        {-60, -29, 99, NULL}, {-60, -30, 99, "exp"}, {0, 60, 30, NULL},    {0, 60, 31, "nbf"},    {0, 60, -5000, NULL},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char claims[512], nbf[40] = "";
        if (cases[i].nbf != 99)
            snprintf(nbf, sizeof(nbf), ",\"nbf\":%lld", (long long)(NOW + cases[i].nbf));
        snprintf(claims, sizeof(claims),
                 "{\"iss\":\"" TENANT "\",\"aud\":\"" ORIGIN "\",\"jti\":\"" JTI
                 "\",\"sub\":\"42\",\"name\":\"Ann\",\"role\":\"admin\",\"iat\":%lld,\"exp\":%lld%s}",
                 (long long)(NOW + cases[i].iat), (long long)(NOW + cases[i].exp), nbf);
        struct token_claims got = {0};
        assert_word(judge(make(HEADER, claims, NULL), &got), cases[i].why, claims);
        if (!cases[i].why)
            assert_int_equal(got.expires_at, NOW + cases[i].exp);
        json_decref(got.json);
    }
}

static void a_good_token_says_who_comes(void **state)
{
    struct token_claims got;
    uint8_t hash[CRYPT_MAC];
    (void)state;
    const char *claims =
        "{\"iss\":\"" TENANT "\",\"aud\":\"" ORIGIN "\",\"iat\":1800000000,\"exp\":1800000060,\"jti\":\"" JTI
        "\",\"sub\":\"42\",\"name\":\"Ann\",\"role\":\"viewer\",\"email\":\"a@b\",\"locale\":\"de\","
        "\"destination\":\"/profile/phone\",\"return_url\":\"https://Shop.example/x\"}";
    assert_null(judge(make(HEADER, claims, NULL), &got));
    assert_string_equal(got.external_id, "42");
    assert_string_equal(got.name, "Ann");
    assert_string_equal(got.role, "viewer");
    assert_string_equal(got.email, "a@b");
    assert_string_equal(got.locale, "de");
    assert_string_equal(got.destination, "/profile/phone");
    assert_string_equal(got.return_url, "https://Shop.example/x");
    assert_string_equal(got.return_origin, "https://shop.example");
    crypt_hash(JTI, strlen(JTI), hash);
    assert_memory_equal(got.jti_hash, hash, CRYPT_MAC);
    json_decref(got.json);
}

/* The key's record decides: a header that names another algorithm is not looked at any further. */
static void the_algorithm_is_the_keys(void **state)
{
    struct launch_token token;
    (void)state;
    struct public_key key = read_jwk(ALGORITHM_RS256, RSA "}");
    assert_null(token_open(make(HEADER, "{}", NULL), &token));
    assert_null(token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET)));
    assert_string_equal(token_verify(&token, ALGORITHM_RS256, key.der, key.len), "alg");
    assert_string_equal(token_verify(&token, ALGORITHM_HS256, key.der, key.len), "signature");
    assert_null(token_open(make("{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"launch+jwt\"}", "{}", NULL), &token));
    assert_string_equal(token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET)), "alg");
    assert_string_equal(token_verify(&token, ALGORITHM_RS256, key.der, key.len), "signature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_signatures_are_good_and_any_other_is_not),
        cmocka_unit_test(a_shared_secret_signs_too_when_it_is_long_enough),
        cmocka_unit_test(a_jwk_says_what_it_is_for),
        cmocka_unit_test(points_of_a_small_order_are_no_keys),
        cmocka_unit_test(a_set_names_each_key_once),
        cmocka_unit_test(a_pem_is_one_public_key),
        cmocka_unit_test(a_header_is_three_members_and_no_more),
        cmocka_unit_test(a_token_is_three_parts_of_canonical_base64url),
        cmocka_unit_test(each_claim_is_checked),
        cmocka_unit_test(a_store_clock_may_be_half_a_minute_off),
        cmocka_unit_test(a_good_token_says_who_comes),
        cmocka_unit_test(the_algorithm_is_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
