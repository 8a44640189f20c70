/* text: published vectors, and what must not be read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "server/text.c"

/* RFC 4648 §10 */
static void base_encodings_follow_rfc_4648(void **state)
{
    static const struct {
        const char *plain, *base64, *base32;
    } VECTORS[] = {
        {"", "", ""},
        {"f", "Zg==", "MY"},
        {"fo", "Zm8=", "MZXQ"},
        {"foo", "Zm9v", "MZXW6"},
        {"foob", "Zm9vYg==", "MZXW6YQ"},
        {"fooba", "Zm9vYmE=", "MZXW6YTB"},
        {"foobar", "Zm9vYmFy", "MZXW6YTBOI"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(VECTORS); i++) {
        const char *plain = VECTORS[i].plain;
        size_t len = strlen(plain);
        char out[64];
        uint8_t back[16] = {0};
        text_base64((const uint8_t *)plain, len, out);
        assert_string_equal(out, VECTORS[i].base64);
        text_base32((const uint8_t *)plain, len, out);
        assert_string_equal(out, VECTORS[i].base32);
        assert_true(text_unbase32(out, back, len));
        assert_memory_equal(back, plain, len);
        text_base64url((const uint8_t *)plain, len, out);
        assert_null(strchr(out, '='));
        assert_true(text_unbase64url(out, strlen(out), back, len));
        assert_memory_equal(back, plain, len);
    }
}

static void base64url_uses_its_own_alphabet(void **state)
{
    uint8_t bytes[] = {0xfb, 0xff, 0xfe}, back[3];
    char out[8];

    (void)state;
    text_base64url(bytes, 3, out);
    assert_string_equal(out, "-__-");
    assert_true(text_unbase64url("-__-", 4, back, 3));
    assert_false(text_unbase64url("+//+", 4, back, 3));
}

static void what_is_not_canonical_is_refused_and_writes_nothing(void **state)
{
    static const char *const BASE32[] = {"MZ", "my", "MY======", "M1", "M", "MYMY", "MZXW6YT1", " MY"};
    static const char *const BASE64URL[] = {"Zh", "Zg==", "Zg=", "Z", "Zm9v", "Z g", "Zé"};
    uint8_t out[8] = "unread";

    (void)state;
    for (size_t i = 0; i < LEN(BASE32); i++)
        assert_false(text_unbase32(BASE32[i], out, 1));
    for (size_t i = 0; i < LEN(BASE64URL); i++)
        assert_false(text_unbase64url(BASE64URL[i], strlen(BASE64URL[i]), out, 1));
    assert_false(text_unhex("0G", out, 1));
    assert_false(text_unhex("0A", out, 1)); /* upper case */
    assert_false(text_unhex("000", out, 1));
    assert_false(text_unhex("", out, 1));
    assert_memory_equal(out, "unread", 7);
}

static void hex_goes_there_and_back(void **state)
{
    uint8_t bytes[] = {0x00, 0x9f, 0xff}, back[3];
    char out[7];

    (void)state;
    text_hex(bytes, 3, out);
    assert_string_equal(out, "009fff");
    assert_true(text_unhex(out, back, 3));
    assert_memory_equal(bytes, back, 3);
}

static json_t *vectors(const char *path)
{
    json_t *list = json_load_file(path, 0, NULL);

    assert_non_null(list);
    assert_true(json_array_size(list) > 5);
    return list;
}

static void typeid_valid_vectors(void **state)
{
    json_t *list = vectors("tests/unit/vectors/typeid/valid.json"), *each;
    size_t i;

    (void)state;
    json_array_foreach(list, i, each)
    {
        const char *text = json_string_value(json_object_get(each, "typeid"));
        const char *prefix = json_string_value(json_object_get(each, "prefix"));
        uint8_t uuid[16], back[16];
        char out[TEXT_TYPEID], plain[37];
        assert_true(text_unuuid(json_string_value(json_object_get(each, "uuid")), uuid));
        text_typeid(prefix, uuid, out);
        assert_string_equal(out, text);
        assert_true(text_untypeid(prefix, text, back));
        assert_memory_equal(uuid, back, 16);
        text_uuid(back, plain);
        assert_string_equal(plain, json_string_value(json_object_get(each, "uuid")));
    }
    json_decref(list);
}

/* The prefix of an invalid one is what stands before its last underscore, as the specification reads it. */
static void typeid_invalid_vectors(void **state)
{
    json_t *list = vectors("tests/unit/vectors/typeid/invalid.json"), *each;
    size_t i;

    (void)state;
    json_array_foreach(list, i, each)
    {
        const char *text = json_string_value(json_object_get(each, "typeid"));
        const char *underscore = strrchr(text, '_');
        char prefix[256] = "";
        uint8_t uuid[16];
        if (underscore == text)
            continue; /* an empty prefix with a separator: below */
        if (underscore)
            snprintf(prefix, sizeof prefix, "%.*s", (int)(underscore - text), text);
        if (text_untypeid(prefix, text, uuid))
            fail_msg("%s was read", text);
    }
    json_decref(list);
}

static void typeid_of_another_kind_is_refused(void **state)
{
    uint8_t uuid[16];

    (void)state;
    assert_true(text_untypeid("user", "user_01h455vb4pex5vsknk084sn02q", uuid));
    assert_false(text_untypeid("tenant", "user_01h455vb4pex5vsknk084sn02q", uuid));
    assert_false(text_untypeid("user", "users_01h455vb4pex5vsknk084sn02q", uuid));
    assert_false(text_untypeid("user", "user01h455vb4pex5vsknk084sn02q", uuid));
    assert_false(text_untypeid("", "_01h455vb4pex5vsknk084sn02q", uuid));
    assert_false(text_untypeid("user", "", uuid));
}

static void uuid7_has_time_version_and_variant(void **state)
{
    uint8_t a[16], b[16];
    long long before = text_now_ms(), ms = 0;

    (void)state;
    text_uuid7(a);
    text_uuid7(b);
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | a[i];
    assert_in_range(ms, before, text_now_ms());
    assert_int_equal(a[6] >> 4, 7);
    assert_int_equal(a[8] >> 6, 2);
    assert_memory_not_equal(a, b, 16);
}

static void uuid_text_is_lower_case_and_whole(void **state)
{
    uint8_t uuid[16];

    (void)state;
    assert_true(text_unuuid("01890a5d-ac96-774b-bcce-b302099a8057", uuid));
    assert_false(text_unuuid("01890A5D-ac96-774b-bcce-b302099a8057", uuid));
    assert_false(text_unuuid("01890a5dac96774bbcceb302099a8057", uuid));
    assert_false(text_unuuid("01890a5d-ac96-774b-bcce-b302099a805", uuid));
    assert_false(text_unuuid("01890a5d-ac96-774b-bcceb-302099a8057", uuid));
}

static void percent_decoding(void **state)
{
    static const struct {
        const char *in, *out;
        bool plus;
    } GOOD[] = {{"a%20b", "a b", false},
                {"a+b", "a+b", false},
                {"a+b", "a b", true},
                {"%e2%82%AC", "€", false},
                {"", "", true}};
    static const char *const BAD[] = {"%", "%4", "%zz", "%00", "a%0", "%%41"};

    (void)state;
    for (size_t i = 0; i < LEN(GOOD); i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", GOOD[i].in);
        assert_int_equal(text_unpercent(text, GOOD[i].plus), strlen(GOOD[i].out));
        assert_string_equal(text, GOOD[i].out);
    }
    for (size_t i = 0; i < LEN(BAD); i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", BAD[i]);
        assert_int_equal(text_unpercent(text, false), -1);
    }
}

static void percent_encoding_tells_what_it_needs(void **state)
{
    char out[32];

    (void)state;
    assert_int_equal(text_percent("+1 €&", out, sizeof out), 17);
    assert_string_equal(out, "%2B1+%E2%82%AC%26");
    assert_int_equal(text_percent("ab€", out, 5), 11);
    assert_string_equal(out, "ab"); /* never half an escape */
    assert_int_equal(text_percent("abc", out, 0), 3);
}

static void utf8_well_formed_or_not(void **state)
{
    static const char *const BAD[] = {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xf8", "\xe2\x82", "a\xff"};

    (void)state;
    assert_true(text_utf8("añ€😀", strlen("añ€😀")));
    assert_true(text_utf8("", 0));
    for (size_t i = 0; i < LEN(BAD); i++)
        assert_false(text_utf8(BAD[i], strlen(BAD[i])));
}

static void address_keys(void **state)
{
    static const struct {
        const char *address, *key;
    } GOOD[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"},
        {"2001:db8::5", "2001:db8::/64"},
        {"::1", "::/64"},
    };
    static const char *const BAD[] = {"",       "1.2.3", "192.0.2.7, 10.0.0.1", "fe80::1%eth0",
                                      "0x7f.1", "[::1]", "127.0.0.01"};
    char out[64];

    (void)state;
    for (size_t i = 0; i < LEN(GOOD); i++) {
        assert_true(text_address_key(GOOD[i].address, out));
        assert_string_equal(out, GOOD[i].key);
    }
    for (size_t i = 0; i < LEN(BAD); i++)
        assert_false(text_address_key(BAD[i], out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_encodings_follow_rfc_4648),
        cmocka_unit_test(base64url_uses_its_own_alphabet),
        cmocka_unit_test(what_is_not_canonical_is_refused_and_writes_nothing),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(typeid_valid_vectors),
        cmocka_unit_test(typeid_invalid_vectors),
        cmocka_unit_test(typeid_of_another_kind_is_refused),
        cmocka_unit_test(uuid7_has_time_version_and_variant),
        cmocka_unit_test(uuid_text_is_lower_case_and_whole),
        cmocka_unit_test(percent_decoding),
        cmocka_unit_test(percent_encoding_tells_what_it_needs),
        cmocka_unit_test(utf8_well_formed_or_not),
        cmocka_unit_test(address_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
