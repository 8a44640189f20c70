/* code, backup_code, totp: what people type, and the published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenants/factors/backup_code.c"
#include "tenants/factors/code.c"
#undef HALF
#undef WHOLE
#include "tenants/factors/totp.c"

#include "text.h"

static int load_keys(void **state)
{
    char path[] = "/tmp/root.keys.XXXXXX";
    int fd = mkstemp(path); /* mode 0600 */
    static const char keys[] = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    (void)state;
    bool good = fd >= 0 && write(fd, keys, sizeof(keys) - 1) == sizeof(keys) - 1 && crypt_start(path);
    close(fd);
    unlink(path);
    return good ? 0 : -1;
}

static void codes_are_read(void **state)
{
    static const struct {
        const char *text;
        enum code_shape shape;
        const char *normal;
    } rows[] = {
        {"000000", CODE_SIX_DIGITS, "000000"},
        {"123456", CODE_SIX_DIGITS, "123456"},
        {"ABCDE-FGHIJ", CODE_BACKUP, "ABCDEFGHIJ"},
        {"abcdefghij", CODE_BACKUP, "ABCDEFGHIJ"},
        {"abcde fghij", CODE_BACKUP, "ABCDEFGHIJ"},
        {"01827-34567", CODE_BACKUP, "OIB2734567"},
        {"", CODE_MALFORMED, NULL},
        {"1", CODE_MALFORMED, NULL},
        {"12345", CODE_MALFORMED, NULL},
        {"1234567", CODE_MALFORMED, NULL},
        {"123 456", CODE_MALFORMED, NULL},
        {" 123456", CODE_MALFORMED, NULL},
        {"12345a", CODE_MALFORMED, NULL},
        {"١٢٣٤٥٦", CODE_MALFORMED, NULL},
        {"１２３４５６", CODE_MALFORMED, NULL},
        {"-123456", CODE_MALFORMED, NULL},
        {"ABCDEFGHI", CODE_MALFORMED, NULL},
        {"ABCDEFGHIJK", CODE_MALFORMED, NULL},
        {"ABCD-EFGHIJ", CODE_MALFORMED, NULL},
        {"ABCDE--FGHI", CODE_MALFORMED, NULL},
        {"ABCDE-FGHI9", CODE_MALFORMED, NULL},
        {"ABCDE_FGHIJ", CODE_MALFORMED, NULL},
        {"ABCDE-FGHI\n", CODE_MALFORMED, NULL},
        {"äBCDEFGHI", CODE_MALFORMED, NULL},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        char out[CODE_READ] = "untouched";
        assert_int_equal(code_read(rows[i].text, out), rows[i].shape);
        assert_string_equal(out, rows[i].normal ? rows[i].normal : "untouched");
    }
}

/* security.md OOB-1 over 10 bins a digit; the statistics of crypt_uniform itself are tested with it. */
static void drawn_codes_have_six_digits_and_no_favourites(void **state)
{
    long seen[CODE_DIGITS][10] = {{0}};
    const long draws = 100000;
    (void)state;
    for (long n = 0; n < draws; n++) {
        char code[CODE_TEXT], again[CODE_READ];
        code_draw(code);
        assert_int_equal(code_read(code, again), CODE_SIX_DIGITS);
        for (size_t i = 0; i < CODE_DIGITS; i++)
            seen[i][code[i] - '0']++;
    }
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        double chi = 0;
        for (size_t digit = 0; digit < 10; digit++)
            chi += ((double)seen[i][digit] - 10000.0) * ((double)seen[i][digit] - 10000.0) / 10000.0;
        assert_true(chi < 40); /* 9 degrees of freedom: p < 10^-5 */
    }
}

static void a_mac_binds_everything(void **state)
{
    uint8_t tenant[16] = {1}, challenge[16] = {2}, user[16] = {3}, other[16] = {4};
    uint8_t mac[CRYPT_MAC], changed[7][CRYPT_MAC];
    (void)state;
    code_mac(1, tenant, challenge, user, "sign_in", "123456", mac);
    code_mac(1, other, challenge, user, "sign_in", "123456", changed[0]);
    code_mac(1, tenant, other, user, "sign_in", "123456", changed[1]);
    code_mac(1, tenant, challenge, other, "sign_in", "123456", changed[2]);
    code_mac(1, tenant, challenge, user, "phone_change", "123456", changed[3]);
    code_mac(1, tenant, challenge, user, "sign_in", "123457", changed[4]);
    backup_code_mac(1, tenant, user, "ABCDEFGHIJ", changed[5]);
    backup_code_mac(1, tenant, other, "ABCDEFGHIJ", changed[6]);
    for (size_t i = 0; i < LEN(changed); i++) {
        assert_memory_not_equal(mac, changed[i], CRYPT_MAC);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(changed[j], changed[i], CRYPT_MAC);
    }
    code_mac(1, tenant, challenge, user, "sign_in", "123456", changed[0]);
    assert_memory_equal(mac, changed[0], CRYPT_MAC);
}

static void backup_codes_are_drawn_as_they_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char shown[BACKUP_CODE_SHOWN], normal[BACKUP_CODE], read[BACKUP_CODE];
        backup_code_draw(shown, normal);
        assert_true(backup_code_read(shown, read));
        assert_string_equal(read, normal);
        assert_int_equal(strlen(normal), 10);
        assert_int_equal(strspn(normal, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 10);
    }
}

static const uint8_t RFC_SECRET[TOTP_SECRET + 1] = "12345678901234567890";

/* RFC 4226 appendix D: the counter is our step. */
static void rfc_4226_vectors(void **state)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    (void)state;
    for (int64_t step = 0; step < (int64_t)LEN(codes); step++) {
        assert_int_equal(totp_match(RFC_SECRET, codes[step], step * 30), step);
        assert_int_equal(totp_match(RFC_SECRET, codes[step], step * 30 + 59), step);
        assert_int_equal(totp_match(RFC_SECRET, codes[step], step * 30 + 60), TOTP_NO_STEP);
        if (step >= 2) {
            assert_int_equal(totp_match(RFC_SECRET, codes[step], step * 30 - 30), step);
            assert_int_equal(totp_match(RFC_SECRET, codes[step], step * 30 - 31), TOTP_NO_STEP);
        }
    }
}

/* RFC 6238 appendix B, SHA-1: the last six of its eight digits. */
static void rfc_6238_vectors(void **state)
{
    static const struct {
        int64_t time;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        assert_int_equal(totp_match(RFC_SECRET, rows[i].code, rows[i].time), rows[i].time / 30);
        assert_int_equal(totp_match(RFC_SECRET, rows[i].code, rows[i].time + 90), TOTP_NO_STEP);
    }
    assert_int_equal(totp_match(RFC_SECRET, "28708", 59), TOTP_NO_STEP);
    assert_int_equal(totp_match(RFC_SECRET, "2870820", 59), TOTP_NO_STEP);
    assert_int_equal(totp_match(RFC_SECRET, "287082", -1), TOTP_NO_STEP);
}

static void the_uri_is_what_apps_read(void **state)
{
    char uri[TOTP_URI];
    char names[401];
    (void)state;
    totp_uri("Acme Toys & Söhne", "ann+1@acme.example", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri);
    assert_string_equal(
        uri,
        "otpauth://totp/Acme%20Toys%20%26%20S%C3%B6hne:ann%2B1%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Acme%20Toys%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30");
    totp_uri("a:b", "c/d?e#f%", "X", uri);
    assert_string_equal(
        uri, "otpauth://totp/a%20b:c%2Fd%3Fe%23f%25?secret=X&issuer=a%20b&algorithm=SHA1&digits=6&period=30");
    for (size_t i = 0; i < 400; i += 4)
        memcpy(names + i, "\xF0\x9F\xA7\xB8", 5); /* a bear, four bytes */
    totp_uri(names, names, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri);
    assert_true(strlen(uri) < TOTP_URI - 1);
    assert_non_null(strstr(uri, "&digits=6&period=30"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_read),
        cmocka_unit_test(drawn_codes_have_six_digits_and_no_favourites),
        cmocka_unit_test(a_mac_binds_everything),
        cmocka_unit_test(backup_codes_are_drawn_as_they_are_read),
        cmocka_unit_test(rfc_4226_vectors),
        cmocka_unit_test(rfc_6238_vectors),
        cmocka_unit_test(the_uri_is_what_apps_read),
    };
    return cmocka_run_group_tests(tests, load_keys, NULL);
}
