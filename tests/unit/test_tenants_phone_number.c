/* phone_number: by hand, and against libphonenumber-js itself on 150,000 generated numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenants/factors/phone_number.c"

#define METADATA "web/node_modules/libphonenumber-js/metadata.max.json"
#define ORACLE "node tests/unit/oracle/phone_numbers.mjs 1 150000"

static int load_metadata(void **state)
{
    (void)state;
    return phone_start(METADATA) ? 0 : -1;
}

static void numbers_are_what_they_are(void **state)
{
    static const struct {
        const char *number, *country, *type, *hint, *range;
        bool takes_texts;
    } rows[] = {
        {"+14155550134", "US", "FIXED_LINE_OR_MOBILE", "+1 ••• ••34", "+1415555", true},
        {"+16045550134", "CA", "FIXED_LINE_OR_MOBILE", "+1 ••• ••34", "+1604555", true},
        {"+4915112345678", "DE", "MOBILE", "+49 ••• ••78", "+491511234", true},
        {"+447400123456", "GB", "MOBILE", "+44 ••• ••56", "+44740012", true},
        {"+447781123456", "GG", "MOBILE", "+44 ••• ••56", "+44778112", true},
        {"+77012345678", "KZ", "MOBILE", "+7 ••• ••78", "+7701234", true},
        {"+79161234567", "RU", "MOBILE", "+7 ••• ••67", "+7916123", true},
        {"+493012345678", "DE", "FIXED_LINE", "+49 ••• ••78", "+49301234", true},
        {"+491371234567", "DE", "SHARED_COST", "+49 ••• ••67", "+49137123", false},
        {"+499001234567", "DE", "PREMIUM_RATE", "+49 ••• ••67", "+49900123", false},
        {"+447012345678", "GB", "PERSONAL_NUMBER", "+44 ••• ••78", "+44701234", false},
        {"+447640123456", "GB", "PAGER", "+44 ••• ••56", "+44764012", false},
        {"+445512345678", "GB", "UAN", "+44 ••• ••78", "+44551234", false},
        {"+19002345678", "US", "PREMIUM_RATE", "+1 ••• ••78", "+1900234", false},
        {"+870301234567", "", "MOBILE", "+870 ••• ••67", "+87030123", false},
        {"+881612345678", "", "MOBILE", "+881 ••• ••78", "+88161234", false},
        {"+979123456789", "", "PREMIUM_RATE", "+979 ••• ••89", "+97912345", false},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct phone_number number;
        if (!phone_read(rows[i].number, &number))
            fail_msg("%s is not read", rows[i].number);
        assert_string_equal(number.e164, rows[i].number);
        assert_string_equal(number.country, rows[i].country);
        assert_string_equal(phone_type_name(number.type), rows[i].type);
        assert_string_equal(number.hint, rows[i].hint);
        assert_string_equal(number.range, rows[i].range);
        assert_int_equal(phone_takes_texts(&number), rows[i].takes_texts);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "+",
        "+1",
        "+12",
        "14155550134",
        "+1415555013",
        "+141555501345",
        "+1 4155550134",
        "+1-415-555-0134",
        "+0114155550134",
        "++14155550134",
        "+1415555O134",
        "+٤٩١٥١١٢٣٤٥٦٧٨",
        "+4415",
        "+999123456789",
        "+4915112345678901234567890",
        "+1555",
        "00491511234567",
        "tel:+14155550134",
        "+14155550134;ext=1",
        "+14155550134 ",
        "\n+14155550134",
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct phone_number number = {.e164 = "untouched"};
        if (phone_read(rows[i], &number))
            fail_msg("%s is read", rows[i]);
        assert_string_equal(number.e164, "untouched");
    }
}

static void countries_are_those_with_numbers(void **state)
{
    (void)state;
    assert_true(phone_has_country("US"));
    assert_true(phone_has_country("AX"));
    assert_true(phone_has_country("ZW"));
    static const char *const strangers[] = {"", "U", "us", "USA", "XQ", "001", "ZZ", "  "};
    for (size_t i = 0; i < LEN(strangers); i++)
        assert_false(phone_has_country(strangers[i]));
}

static void libphonenumber_js_agrees(void **state)
{
    char line[128];
    long agreed = 0, valid = 0, asked = 0, rewritten = 0;
    FILE *oracle = popen(ORACLE, "r");
    (void)state;
    assert_non_null(oracle);
    while (fgets(line, sizeof(line), oracle)) {
        struct phone_number number;
        char ours[128];
        bool read;
        size_t len = strcspn(line, "\t");
        line[strcspn(line, "\n")] = '\0';
        char *text = strndup(line, len);
        read = phone_read(text, &number);
        if (strstr(line, "REWRITTEN")) {
            rewritten++;
            if (read && phone_takes_texts(&number))
                fail_msg("%s is taken as it stands", text);
            free(text);
            continue;
        }
        snprintf(ours, sizeof(ours), "%s\t%s\t%s", text, read ? number.country : "-",
                 read ? phone_type_name(number.type) : "-");
        asked++;
        valid += read;
        agreed += strcmp(ours, line) == 0;
        if (strcmp(ours, line) != 0)
            print_message("ours: %s   libphonenumber-js: %s\n", ours, line);
        free(text);
    }
    assert_int_equal(pclose(oracle), 0);
    print_message(
        "phone numbers: %ld of %ld as libphonenumber-js, %ld of them valid; %ld with a national prefix refused\n",
        agreed, asked, valid, rewritten);
    assert_true(asked >= 100000);
    assert_true(valid >= asked / 4);
    assert_int_equal(agreed, asked);
}

static void metadata_of_another_shape_is_refused(void **state)
{
    char path[] = "/tmp/metadata.XXXXXX";
    int fd = mkstemp(path);
    static const char *const texts[] = {
        "", "{}", "[]", "{\"version\":4,\"country_calling_codes\":{\"1\":[]},\"countries\":{\"US\":[]}}"};
    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < LEN(texts); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), (ssize_t)strlen(texts[i]));
        assert_false(phone_start(path));
    }
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_of_another_shape_is_refused),
        cmocka_unit_test_setup(numbers_are_what_they_are, load_metadata),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(countries_are_those_with_numbers),
        cmocka_unit_test(libphonenumber_js_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
