/* crypt: RFC vectors for what is built from OpenSSL's pieces, and what a sealed value withstands. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/crypt.c"

static const char KEY_1[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char KEY_2[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static char path[] = "/tmp/tillgate-root-keys-XXXXXX";
static const uint8_t SHOP[16] = "shop number one", OTHER[16] = "shop number two", ROW[16] = "row", ROW_2[16] = "row 2";

static bool start_with(mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return crypt_start(path);
}

static void start_versions(const char *first, const char *second)
{
    char text[256];

    snprintf(text, sizeof text, "# root keys\n1 %s\n%s%s%s", first, second ? "2 " : "", second ? second : "",
             second ? "\n" : "");
    assert_true(start_with(0600, text));
}

static void check(const uint8_t *got, const char *hex)
{
    uint8_t wanted[CRYPT_MAC];
    size_t len = strlen(hex) / 2;

    assert_true(text_unhex(hex, wanted, len));
    assert_memory_equal(got, wanted, len);
}

/* RFC 5869 A.1 to A.3: the extracted key, and the first 32 bytes of what is expanded. */
static void hkdf_vectors(void **state)
{
    uint8_t key[80], salt[80], info[80], prk[CRYPT_MAC], out[CRYPT_MAC];

    (void)state;
    contexts_start();
    memset(key, 0x0b, 22);
    for (size_t i = 0; i < 13; i++)
        salt[i] = (uint8_t)i;
    for (size_t i = 0; i < 10; i++)
        info[i] = (uint8_t)(0xf0 + i);
    hkdf_extract(salt, 13, key, 22, prk);
    check(prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    hkdf_expand(prk, info, 10, out);
    check(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    for (size_t i = 0; i < 80; i++) {
        key[i] = (uint8_t)i;
        salt[i] = (uint8_t)(0x60 + i);
        info[i] = (uint8_t)(0xb0 + i);
    }
    hkdf_extract(salt, 80, key, 80, prk);
    check(prk, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
    hkdf_expand(prk, info, 80, out);
    check(out, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
    memset(key, 0x0b, 22);
    hkdf_extract("", 0, key, 22, prk);
    check(prk, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
    hkdf_expand(prk, "", 0, out);
    check(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

/* RFC 4231 §4.2, §4.3, §4.7 and RFC 2202 §3 */
static void hmac_vectors(void **state)
{
    uint8_t key[131], out[CRYPT_MAC];

    (void)state;
    contexts_start();
    memset(key, 0x0b, 20);
    hmac(hmac_sha256, key, 20, "Hi There", 8, out, 32);
    check(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    crypt_hmac_sha1(key, 20, "Hi There", 8, out);
    check(out, "b617318655057264e28bc0b6fb378c8ef146be00");
    hmac(hmac_sha256, "Jefe", 4, "what do ya want for nothing?", 28, out, 32);
    check(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    hmac(hmac_sha256, key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out, 32);
    check(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hash_vector(void **state)
{
    uint8_t out[CRYPT_MAC];

    (void)state;
    crypt_hash("abc", 3, out);
    check(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void macs_differ_by_version_tenant_purpose_and_text(void **state)
{
    uint8_t a[CRYPT_MAC], b[CRYPT_MAC];
    static const uint8_t nobody[16];

    (void)state;
    start_versions(KEY_1, KEY_2);
    crypt_mac(1, SHOP, "otp-mac", "123456", 6, a);
    crypt_mac(1, SHOP, "otp-mac", "123456", 6, b);
    assert_memory_equal(a, b, CRYPT_MAC);
    crypt_mac(2, SHOP, "otp-mac", "123456", 6, b);
    assert_memory_not_equal(a, b, CRYPT_MAC);
    crypt_mac(1, OTHER, "otp-mac", "123456", 6, b);
    assert_memory_not_equal(a, b, CRYPT_MAC);
    crypt_mac(1, SHOP, "backup-code", "123456", 6, b);
    assert_memory_not_equal(a, b, CRYPT_MAC);
    crypt_mac(1, SHOP, "otp-mac", "123457", 6, b);
    assert_memory_not_equal(a, b, CRYPT_MAC);
    crypt_mac(1, NULL, "phone-velocity", "x", 1, a);
    crypt_mac(1, nobody, "phone-velocity", "x", 1, b);
    assert_memory_equal(a, b, CRYPT_MAC); /* the platform is the tenant zero */
    crypt_stop();
}

static void sealed_values_open_only_at_home(void **state)
{
    static const char NUMBER[] = "+15005550006";
    uint8_t sealed[64], again[64], out[64];
    size_t len = sizeof NUMBER - 1, sealed_len, out_len = 0;

    (void)state;
    start_versions(KEY_1, NULL);
    sealed_len = crypt_seal(SHOP, "phones.number", ROW, NUMBER, len, sealed);
    assert_int_equal(sealed_len, len + CRYPT_SEAL_EXTRA);
    assert_true(crypt_open(SHOP, "phones.number", ROW, sealed, sealed_len, out, &out_len));
    assert_int_equal(out_len, len);
    assert_memory_equal(out, NUMBER, len);
    assert_false(crypt_open(OTHER, "phones.number", ROW, sealed, sealed_len, out, &out_len));
    assert_false(crypt_open(SHOP, "phones.other", ROW, sealed, sealed_len, out, &out_len));
    assert_false(crypt_open(SHOP, "phones.number", ROW_2, sealed, sealed_len, out, &out_len));
    assert_false(crypt_open(SHOP, "phones.number", NULL, sealed, sealed_len, out, &out_len));
    for (size_t i = 0; i < sealed_len; i++) { /* any changed bit, any cut */
        memcpy(again, sealed, sealed_len);
        again[i] ^= 1;
        assert_false(crypt_open(SHOP, "phones.number", ROW, again, sealed_len, out, &out_len));
        assert_false(crypt_open(SHOP, "phones.number", ROW, sealed, i, out, &out_len));
    }
    crypt_seal(SHOP, "phones.number", ROW, NUMBER, len, again);
    assert_memory_not_equal(sealed, again, sealed_len); /* a fresh nonce each time */
    crypt_stop();
}

static void a_refused_value_leaves_no_plain_text(void **state)
{
    uint8_t sealed[64], out[8] = {0}, zero[8] = {0};
    size_t len;

    (void)state;
    start_versions(KEY_1, NULL);
    len = crypt_seal(SHOP, "a.b", ROW, "secret!", 7, sealed);
    sealed[len - 1] ^= 1;
    assert_false(crypt_open(SHOP, "a.b", ROW, sealed, len, out, &len));
    assert_memory_equal(out, zero, 8);
    crypt_stop();
}

static void rotation_opens_the_old_and_seals_with_the_new(void **state)
{
    uint8_t old[64], new[64], out[64];
    size_t old_len, new_len, len;

    (void)state;
    start_versions(KEY_1, NULL);
    assert_int_equal(crypt_version(), 1);
    assert_int_equal(crypt_version_before(), 0);
    old_len = crypt_seal(SHOP, "a.b", ROW, "old", 3, old);
    crypt_stop();
    start_versions(KEY_1, KEY_2);
    assert_int_equal(crypt_version(), 2);
    assert_int_equal(crypt_version_before(), 1);
    assert_true(crypt_open(SHOP, "a.b", ROW, old, old_len, out, &len));
    new_len = crypt_seal(SHOP, "a.b", ROW, "new", 3, new);
    crypt_stop();
    start_versions(KEY_1, NULL);
    assert_false(crypt_open(SHOP, "a.b", ROW, new, new_len, out, &len));
    crypt_stop();
}

static void root_key_files_are_checked(void **state)
{
    static const char *const BAD[] = {
        "", "# nothing\n", "0 %s\n", "65536 %s\n", "1 abc\n", "1%s\n", "x %s\n", "1 %s00\n", "1 %s\n1 %s\n", "1 %s x\n",
    };

    (void)state;
    for (size_t i = 0; i < LEN(BAD); i++) {
        char text[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
        snprintf(text, sizeof text, BAD[i], KEY_1, KEY_2);
#pragma GCC diagnostic pop
        assert_false(start_with(0600, text));
        crypt_stop();
    }
    assert_false(crypt_start("/nowhere/root.keys"));
    crypt_stop();
}

static void a_root_key_that_others_can_read_is_refused(void **state)
{
    static const mode_t OPEN[] = {0640, 0604, 0660, 0777};
    char text[128];

    (void)state;
    snprintf(text, sizeof text, "1 %s\n", KEY_1);
    for (size_t i = 0; i < LEN(OPEN); i++)
        assert_false(start_with(OPEN[i], text));
    assert_true(start_with(0400, text));
    crypt_stop();
    chmod(path, 0600);
}

static void uniform_numbers_stay_in_bounds_and_meet_them(void **state)
{
    unsigned seen[10] = {0};

    (void)state;
    for (int i = 0; i < 10000; i++)
        seen[crypt_uniform(10)]++;
    for (size_t i = 0; i < 10; i++)
        assert_in_range(seen[i], 800, 1200); /* 1000 ± 6.6 standard deviations */
    assert_int_equal(crypt_uniform(1), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(crypt_uniform(UINT32_MAX) < UINT32_MAX);
}

static void equality_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(crypt_equal("abcd", "abcd", 4));
    assert_false(crypt_equal("abcd", "abce", 4));
    assert_false(crypt_equal("xbcd", "abcd", 4));
    assert_true(crypt_equal("x", "y", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf_vectors),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(hash_vector),
        cmocka_unit_test(macs_differ_by_version_tenant_purpose_and_text),
        cmocka_unit_test(sealed_values_open_only_at_home),
        cmocka_unit_test(a_refused_value_leaves_no_plain_text),
        cmocka_unit_test(rotation_opens_the_old_and_seals_with_the_new),
        cmocka_unit_test(root_key_files_are_checked),
        cmocka_unit_test(a_root_key_that_others_can_read_is_refused),
        cmocka_unit_test(uniform_numbers_stay_in_bounds_and_meet_them),
        cmocka_unit_test(equality_looks_at_every_byte),
    };
    int fd = mkstemp(path), failed;

    close(fd);
    log_level_set(LOG_ERROR + 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    crypt_stop();
    return failed;
}
