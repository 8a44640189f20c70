/* webhooks: the specification's own example, and what is no secret of ours; points in time as they are written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/moment.c"
#include "tenants/outbox/webhook_signature.c"

/* The message of the specification, signed by its reference library. */
static void the_specification_s_example(void **state)
{
    char signatures[WEBHOOK_SIGNATURES];
    const char *const secrets[] = {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL};

    (void)state;
    assert_true(
        webhook_sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", signatures));
    assert_string_equal(signatures, "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI=");
}

static void two_secrets_give_two_signatures(void **state)
{
    char first[WEBHOOK_SECRET], second[WEBHOOK_SECRET];
    char one[WEBHOOK_SIGNATURES], other[WEBHOOK_SIGNATURES], both[WEBHOOK_SIGNATURES], expected[2 * WEBHOOK_SIGNATURES];

    (void)state;
    webhook_secret_draw(first);
    webhook_secret_draw(second);
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(first), WEBHOOK_SECRET - 1);
    assert_true(webhook_sign((const char *const[]){first, NULL}, "a", 1, "b", one));
    assert_true(webhook_sign((const char *const[]){second, NULL}, "a", 1, "b", other));
    assert_true(webhook_sign((const char *const[]){first, second}, "a", 1, "b", both));
    snprintf(expected, sizeof expected, "%s %s", one, other);
    assert_string_equal(both, expected);
}

static void what_is_no_secret_of_ours_signs_nothing(void **state)
{
    static const char *const BAD[] = {"",
                                      "whsec_",
                                      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                                      "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                                      "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
                                      "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
                                      "whsec_*AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    char signatures[WEBHOOK_SIGNATURES] = "untouched";

    (void)state;
    for (size_t i = 0; i < LEN(BAD); i++) {
        assert_false(webhook_sign((const char *const[]){BAD[i], NULL}, "a", 1, "b", signatures));
        assert_string_equal(signatures, "untouched");
    }
}

static void moments_are_read_or_refused(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {{"2000-01-01T00:00:00Z", 946684800000},
                {"2026-11-22T05:00:00.5Z", 1795323600500},
                {"2024-02-29T23:59:59.123456Z", 1709251199123},
                {"2099-12-31T23:59:59.999Z", 4102444799999}};
    static const char *const BAD[] = {"",
                                      "2026",
                                      "2026-11-22",
                                      "2026-11-22 05:00:00Z",
                                      "2026-11-22T05:00:00",
                                      "2026-11-22T05:00:00+00:00",
                                      "2026-02-29T00:00:00Z",
                                      "2026-11-31T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-11-22T24:00:00Z",
                                      "2026-11-22T05:60:00Z",
                                      "2026-11-22T05:00:60Z",
                                      "2026-11-22T05:00:00.Z",
                                      "2026-11-22T05:00:00.1234567Z",
                                      "2026-11-22T05:00:00ZZ",
                                      "1999-11-22T05:00:00Z",
                                      "2100-01-01T00:00:00Z",
                                      "2026-11-2xT05:00:00Z",
                                      "+026-11-22T05:00:00Z",
                                      "2026-11-22T05:00:00z"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < LEN(GOOD); i++) {
        assert_true(moment_read(GOOD[i].text, &ms));
        assert_int_equal(ms, GOOD[i].ms);
    }
    for (size_t i = 0; i < LEN(BAD); i++) {
        ms = 7;
        if (moment_read(BAD[i], &ms) || ms != 7)
            fail_msg("%s is a moment", BAD[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_s_example),
        cmocka_unit_test(two_secrets_give_two_signatures),
        cmocka_unit_test(what_is_no_secret_of_ours_signs_nothing),
        cmocka_unit_test(moments_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
