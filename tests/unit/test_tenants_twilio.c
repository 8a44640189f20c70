/* twilio: forms, every way an answer can be, every error code, lists, signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/sms/twilio.c"

#define SID "SM0123456789abcdef0123456789abcdef"
#define OTHER_SID "SMfedcba9876543210fedcba9876543210"

static struct fetch_answer answered(int status, const char *body)
{
    return (struct fetch_answer){.end = FETCH_ANSWERED, .status = status, .body = body, .body_len = strlen(body)};
}

static struct twilio_outcome post_of(int status, const char *body)
{
    struct fetch_answer answer = answered(status, body);
    return twilio_posted(&answer);
}

static void a_message_as_a_form(void **state)
{
    char form[TWILIO_FORM];
    char long_text[TWILIO_FORM];
    struct twilio_message message = {"+14155550134",     "+15005550006",        "",
                                     "1 & 2 = ü\n@h #3", "https://h.example/a", 200};
    (void)state;
    assert_true(twilio_form(&message, form));
    assert_string_equal(form, "To=%2B14155550134&From=%2B15005550006&Body=1+%26+2+%3D+%C3%BC%0A%40h+%233"
                              "&StatusCallback=https%3A%2F%2Fh.example%2Fa&ValidityPeriod=200&ProvideFeedback=true"
                              "&ContentRetention=discard&AddressRetention=obfuscate");
    message.messaging_service = "MG1";
    message.seconds_left = 3;
    assert_true(twilio_form(&message, form));
    assert_non_null(strstr(form, "&MessagingServiceSid=MG1&"));
    assert_null(strstr(form, "From="));
    assert_null(strstr(form, "MaxPrice"));
    assert_non_null(strstr(form, "&ValidityPeriod=10&"));
    memset(long_text, '%', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    for (size_t len = 1200; len < 1500; len++) {
        long_text[len] = '\0';
        message.body = long_text;
        bool fits = twilio_form(&message, form);
        assert_true(!fits || strlen(form) < TWILIO_FORM);
        assert_true(fits == (len < 1300) || (len >= 1240 && len < 1320));
        long_text[len] = '%';
    }
}

static void what_is_certain_and_what_is_not(void **state)
{
    struct fetch_answer not_sent = {.end = FETCH_NOT_SENT, .error = "refused"};
    struct fetch_answer uncertain = {.end = FETCH_UNCERTAIN, .error = "reset"};
    static const char good[] = "{\"sid\":\"" SID "\",\"status\":\"accepted\",\"error_code\":null}";
    (void)state;
    assert_int_equal(twilio_posted(&not_sent).verdict, TWILIO_RETRY);
    assert_false(twilio_posted(&not_sent).slow_down);
    assert_int_equal(twilio_posted(&uncertain).verdict, TWILIO_AMBIGUOUS);

    assert_int_equal(post_of(201, good).verdict, TWILIO_ACCEPTED);
    assert_string_equal(post_of(201, good).sid, SID);
    const int odd[] = {200, 202, 204, 301, 302, 500, 502, 503, 504, 599};
    for (size_t i = 0; i < LEN(odd); i++)
        assert_int_equal(post_of(odd[i], good).verdict, TWILIO_AMBIGUOUS);

    static const char *const nonsense[] = {
        "",
        "{",
        "[]",
        "null",
        "<html>Bad Gateway</html>",
        "{}",
        "{\"sid\":null}",
        "{\"sid\":\"" SID "\"}",
        "{\"sid\":\"SM0123\",\"status\":\"queued\"}",
        "{\"sid\":\"XX0123456789abcdef0123456789abcdef\",\"status\":\"queued\"}",
        "{\"sid\":\"SM0123456789ABCDEF0123456789ABCDEF\",\"status\":\"queued\"}",
        "{\"sid\":\"" SID "\",\"status\":\"odd\"}",
        "{\"sid\":\"" SID "\",\"sid\":\"" SID "\",\"status\":\"queued\"}",
        "{\"code\":21211,\"message\":\"200 with an error\"}",
    };
    for (size_t i = 0; i < LEN(nonsense); i++)
        assert_int_equal(post_of(201, nonsense[i]).verdict, TWILIO_AMBIGUOUS);
    const int refusals[] = {400, 403, 404, 407, 408, 422};
    for (size_t i = 0; i < LEN(refusals); i++)
        assert_int_equal(post_of(refusals[i], "<html>a proxy said so</html>").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(post_of(400, "{\"code\":\"21211\"}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(post_of(400, "{\"code\":0}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(post_of(400, "{\"code\":-5}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(post_of(400, "{\"code\":99999999999}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(post_of(401, "").verdict, TWILIO_CONFIG);
    assert_int_equal(post_of(401, "").error, 20003);
}

static void a_429_was_never_processed(void **state)
{
    (void)state;
    assert_int_equal(post_of(429, "").verdict, TWILIO_RETRY);
    assert_true(post_of(429, "").slow_down);
    assert_int_equal(post_of(429, "{\"code\":20429}").verdict, TWILIO_RETRY);
    assert_int_equal(post_of(429, "{\"code\":20429}").error, 20429);
    assert_int_equal(post_of(429, "{\"code\":21611}").verdict, TWILIO_RETRY_LATER);
    assert_true(post_of(429, "{\"code\":14107}").slow_down);
    assert_int_equal(post_of(429, "{\"code\":21610}").verdict, TWILIO_RETRY);
}

/* Every code of security.md d.7. */
static void every_error_code_has_its_action(void **state)
{
    static const struct {
        long code;
        enum twilio_verdict verdict;
    } rows[] = {
        {20003, TWILIO_CONFIG},      {20404, TWILIO_CONFIG},      {20429, TWILIO_RETRY},  {14107, TWILIO_RETRY_LATER},
        {21611, TWILIO_RETRY_LATER}, {30001, TWILIO_RETRY_LATER}, {21211, TWILIO_FAILED}, {21217, TWILIO_FAILED},
        {21408, TWILIO_FAILED},      {21606, TWILIO_CONFIG},      {21612, TWILIO_FAILED}, {21608, TWILIO_CONFIG},
        {21610, TWILIO_FAILED},      {21614, TWILIO_FAILED},      {60205, TWILIO_FAILED}, {30002, TWILIO_CONFIG},
        {30003, TWILIO_FAILED},      {30004, TWILIO_FAILED},      {30007, TWILIO_FAILED}, {30005, TWILIO_FAILED},
        {30006, TWILIO_FAILED},      {30008, TWILIO_FAILED},      {30010, TWILIO_FAILED}, {30034, TWILIO_CONFIG},
        {30032, TWILIO_CONFIG},      {30036, TWILIO_FAILED},      {30450, TWILIO_FAILED}, {60410, TWILIO_FAILED},
        {60605, TWILIO_FAILED},      {60200, TWILIO_FAILED},      {60202, TWILIO_FAILED}, {60203, TWILIO_FAILED},
        {60212, TWILIO_RETRY},       {12345, TWILIO_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"code\":%ld,\"status\":400}", rows[i].code);
        struct twilio_outcome outcome = post_of(400, body);
        assert_int_equal(outcome.verdict, rows[i].verdict);
        assert_int_equal(outcome.error, rows[i].code);
        assert_string_equal(outcome.sid, "");
    }
}

/* Accepted and failed in one answer: there is a message, so it must never be posted again. */
static void a_message_that_is_born_dead_is_not_posted_again(void **state)
{
    struct twilio_outcome outcome = post_of(201, "{\"sid\":\"" SID "\",\"status\":\"failed\",\"error_code\":30001}");
    (void)state;
    assert_int_equal(outcome.verdict, TWILIO_FAILED);
    assert_int_equal(outcome.error, 30001);
    assert_string_equal(outcome.sid, SID);
    assert_int_equal(post_of(201, "{\"sid\":\"" SID "\",\"status\":\"undelivered\"}").verdict, TWILIO_FAILED);
}

static void statuses_and_sids(void **state)
{
    static const char *const rows[][2] = {
        {"accepted", "accepted"}, {"scheduled", "accepted"},  {"queued", "accepted"}, {"sending", "accepted"},
        {"sent", "sent"},         {"delivered", "delivered"}, {"read", "delivered"},  {"undelivered", "undelivered"},
        {"failed", "failed"},     {"canceled", "failed"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++)
        assert_string_equal(twilio_status(rows[i][0]), rows[i][1]);
    assert_null(twilio_status("receiving"));
    assert_null(twilio_status(""));
    assert_null(twilio_status(NULL));
    assert_true(twilio_is_sid(SID));
    assert_true(twilio_is_sid("MM0123456789abcdef0123456789abcdef"));
    assert_false(twilio_is_sid(NULL));
    assert_false(twilio_is_sid(""));
    assert_false(twilio_is_sid("SM0123456789abcdef0123456789abcde"));
    assert_false(twilio_is_sid("SM0123456789abcdef0123456789abcdeg"));
    assert_false(twilio_is_sid("SX0123456789abcdef0123456789abcdef"));
}

#define MESSAGE(sid, to, body, date, status) \
    "{\"sid\":\"" sid "\",\"to\":\"" to "\",\"body\":\"" body "\",\"date_created\":\"" date "\",\"status\":\"" status \
    "\",\"direction\":\"outbound-api\",\"error_code\":null}"
#define AT "Thu, 24 Aug 2023 05:01:45 +0000"
#define AT_MS 1692853305000

static void a_lost_message_is_found_in_a_list(void **state)
{
    const struct twilio_wanted wanted = {"+14155550134", "@h.example #123456", AT_MS};
    struct twilio_seen seen[TWILIO_CANDIDATES];
    struct fetch_answer answer;
    (void)state;

    answer = answered(200, "{\"messages\":[" MESSAGE(OTHER_SID, "+14155550134", "", AT, "sent") "," MESSAGE(
                               SID, "+14155550134", "123456 is…\\n\\n@h.example #123456", AT, "delivered") "]}");
    assert_int_equal(twilio_find(&answer, &wanted, seen), 2);
    assert_string_equal(seen[0].sid, SID); /* its own words beat a body that was not kept */
    assert_string_equal(seen[0].status, "delivered");
    assert_string_equal(seen[1].sid, OTHER_SID);

    static const char *const strangers[] = {
        MESSAGE(SID, "+14155550199", "@h.example #123456", AT, "sent"),
        MESSAGE(SID, "+14155550134", "@h.example #654321", AT, "sent"),
        MESSAGE(SID, "+14155550134", "@h.example #123456", "Thu, 24 Aug 2023 05:03:45 +0000", "sent"),
        MESSAGE(SID, "+14155550134", "@h.example #123456", "Thu, 24 Aug 2023 05:00:44 +0000", "sent"),
        MESSAGE(SID, "+14155550134", "@h.example #123456", "Thu, 24 Aug 2023 05:01:45 +0200", "sent"),
        MESSAGE(SID, "+14155550134", "@h.example #123456", "yesterday", "sent"),
        MESSAGE("SM1", "+14155550134", "@h.example #123456", AT, "sent"),
        "{\"sid\":\"" SID "\",\"to\":\"+14155550134\",\"body\":\"@h.example #123456\",\"date_created\":\"" AT
        "\",\"status\":\"received\",\"direction\":\"inbound\"}",
        "null",
        "1",
        "[]",
    };
    for (size_t i = 0; i < LEN(strangers); i++) {
        char list[1024];
        snprintf(list, sizeof(list), "{\"messages\":[%s]}", strangers[i]);
        answer = answered(200, list);
        assert_int_equal(twilio_find(&answer, &wanted, seen), 0);
    }

    static const char *const no_lists[] = {"", "{}", "{\"messages\":{}}", "[]", "<html>"};
    for (size_t i = 0; i < LEN(no_lists); i++) {
        answer = answered(200, no_lists[i]);
        assert_int_equal(twilio_find(&answer, &wanted, seen), -1);
    }
    answer = answered(503, "{\"messages\":[]}");
    assert_int_equal(twilio_find(&answer, &wanted, seen), -1);
    answer = answered(200, "{\"messages\":[]}");
    assert_int_equal(twilio_find(&answer, &wanted, seen), 0);
}

/* With the code forgotten only bodies that Twilio did not keep can be ours; never more than there is room for. */
static void without_a_mark_only_empty_bodies_count(void **state)
{
    const struct twilio_wanted wanted = {"+14155550134", NULL, AT_MS};
    struct twilio_seen seen[TWILIO_CANDIDATES];
    char list[8192] = "{\"messages\":[" MESSAGE(SID, "+14155550134", "@h.example #123456", AT, "sent");
    (void)state;
    for (int i = 0; i < 9; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, ",%s", MESSAGE(OTHER_SID, "+14155550134", "", AT, "sent"));
    }
    strncat(list, "]}", 3);
    struct fetch_answer answer = answered(200, list);
    assert_int_equal(twilio_find(&answer, &wanted, seen), TWILIO_CANDIDATES);
    assert_string_equal(seen[0].sid, OTHER_SID);
}

/* What npm twilio 6.2.0 (getExpectedTwilioSignature) says, which for the first is the example of Twilio's own page. */
static void twilios_own_signature(void **state)
{
    static const char *const pairs[] = {"CallSid", "CA1234567890ABCDE", "Caller", "+14158675310", "Digits", "1234",
                                        "From",    "+14158675310",      "To",     "+18005551212"};
    char signature[TWILIO_SIGNATURE];
    (void)state;
    twilio_sign("12345", "https://example.com/myapp.php?foo=1&bar=2", pairs, 5, signature);
    assert_string_equal(signature, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
    twilio_sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", pairs, 5, signature);
    assert_string_equal(signature, "GvWf1cFY/Q7PnoempGyD5oXAezc=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_as_a_form),
        cmocka_unit_test(what_is_certain_and_what_is_not),
        cmocka_unit_test(a_429_was_never_processed),
        cmocka_unit_test(every_error_code_has_its_action),
        cmocka_unit_test(a_message_that_is_born_dead_is_not_posted_again),
        cmocka_unit_test(statuses_and_sids),
        cmocka_unit_test(a_lost_message_is_found_in_a_list),
        cmocka_unit_test(without_a_mark_only_empty_bodies_count),
        cmocka_unit_test(twilios_own_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
