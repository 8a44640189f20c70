/* money: decimals to millionths, exactly; prices of countries; the chain of a ledger; Verify's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/chain.h"
#include "tenants/money.h"
#include "tenants/month.h"
#include "tenants/sms/prices.h"
#include "tenants/sms/provider.h"

#include "text.h"

static void decimals_are_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t micros;
    } good[] = {
        {"0", 0},
        {"12", 12000000},
        {"0.0079", 7900},
        {"-0.00750", -7500},
        {"0.1", 100000},
        {"0.000001", 1},
        {"0.0000001", 1},
        {"0.0079000", 7900},
        {"0.00790001", 7901},
        {"-0.0000001", -1},
        {"999999999999.999999", 999999999999999999},
    };
    static const char *const bad[] = {"",   "12.",           "-",   ".5",  "1,5", "1e3", " 1", "1 ", "0x10", "1.2.3",
                                      "+1", "1000000000000", "nan", "--1", "1.-5"};
    int64_t micros = 42;
    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        assert_true(money_read(good[i].text, &micros));
        assert_true(micros == good[i].micros);
    }
    micros = 42;
    for (size_t i = 0; i < LEN(bad); i++)
        assert_false(money_read(bad[i], &micros));
    assert_true(micros == 42);
}

static void currencies_and_months_have_a_shape(void **state)
{
    char currency[MONEY_CURRENCY] = "";
    (void)state;
    assert_true(money_read_currency("usd", currency));
    assert_string_equal(currency, "USD");
    assert_false(money_read_currency("US", currency) || money_read_currency("US1", currency) ||
                 money_read_currency("EURO", currency) || money_read_currency(NULL, currency));
    assert_true(month_is("2026-11") && month_is("2020-01") && month_is("2099-12"));
    assert_false(month_is("2026-13") || month_is("2026-00") || month_is("2026-1") || month_is("26-11") ||
                 month_is("2026-11-01") || month_is("2019-12") || month_is("2026/11") || month_is(""));
}

static int64_t price_of(const char *carriers, const char *unit, const char *types)
{
    char text[2048];
    snprintf(text, sizeof(text), "{\"outbound_sms_prices\":%s,\"price_unit\":\"%s\"}", carriers, unit);
    json_t *country = json_loads(text, 0, NULL);
    int64_t micros = prices_country(country, "USD", types);
    json_decref(country);
    return micros;
}

#define PRICE(type, price) "{\"base_price\":\"9\",\"current_price\":\"" price "\",\"number_type\":\"" type "\"}"

static void the_highest_price_of_a_country_counts(void **state)
{
    static const char two[] = "[{\"prices\":[" PRICE("mobile", "0.0079") "," PRICE(
        "local", "0.0100") "]},{\"prices\":[" PRICE("mobile", "0.0083") "]}]";
    (void)state;
    assert_true(price_of(two, "usd", "") == 10000);
    assert_true(price_of(two, "USD", "mobile") == 8300);
    assert_true(price_of(two, "USD", "toll free,mobile") == 8300);
    assert_true(price_of(two, "USD", "mob") == 0);
    assert_true(price_of(two, "EUR", "") == -2);
    assert_true(price_of("[]", "EUR", "") == 0);
    assert_true(price_of("null", "USD", "") == -1);
    assert_true(price_of("[{\"prices\":[" PRICE("mobile", "cheap") "]}]", "USD", "") == -1);
    assert_true(price_of("[{\"prices\":[" PRICE("mobile", "-1") "]}]", "USD", "") == -1);
    assert_true(price_of("[{}]", "USD", "") == -1);
}

static bool take(struct prices *prices, int status, const char *body)
{
    assert_non_null(prices_next(prices));
    struct fetch_answer answer = {.end = FETCH_ANSWERED, .status = status, .body = body, .body_len = strlen(body)};
    return prices_take(prices, &answer);
}

static void pages_then_countries(void **state)
{
    struct prices prices;
    (void)state;
    prices_start(&prices, "https://p.example", "USD", "");
    assert_string_equal(prices_next(&prices), "https://p.example/v1/Messaging/Countries?PageSize=200");
    assert_true(
        take(&prices, 200,
             "{\"countries\":[{\"iso_country\":\"US\"},{\"iso_country\":\"../..\"}],\"meta\":{\"next_page_url\":"
             "\"https://p.example/v1/Messaging/Countries?Page=1\"}}"));
    assert_true(take(&prices, 200, "{\"countries\":[{\"iso_country\":\"DE\"}],\"meta\":{\"next_page_url\":null}}"));
    assert_string_equal(prices_next(&prices), "https://p.example/v1/Messaging/Countries/US");
    assert_true(
        take(&prices, 200,
             "{\"outbound_sms_prices\":[{\"prices\":[" PRICE("mobile", "0.0079") "]}],\"price_unit\":\"USD\"}"));
    assert_true(take(&prices, 500, "")); /* DE keeps the price that it has */
    assert_null(prices_next(&prices));
    assert_int_equal(prices.unread, 1);
    char *taken = json_dumps(prices.taken, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(taken, "[{\"country\":\"US\",\"price_micros\":7900}]");
    free(taken);
    prices_end(&prices);
}

static void a_page_elsewhere_and_another_currency_end_it(void **state)
{
    struct prices prices;
    (void)state;
    prices_start(&prices, "https://p.example", "USD", "");
    assert_false(take(&prices, 200, "{\"countries\":[],\"meta\":{\"next_page_url\":\"https://p.example.evil/v1/\"}}"));
    assert_non_null(prices.fault);
    prices_end(&prices);
    prices_start(&prices, "https://p.example", "USD", "");
    assert_false(take(&prices, 503, "{}"));
    prices_end(&prices);
    prices_start(&prices, "https://p.example", "USD", "");
    assert_true(take(&prices, 200, "{\"countries\":[{\"iso_country\":\"DE\"}]}"));
    assert_false(take(&prices, 200, "{\"outbound_sms_prices\":[{\"prices\":[]}],\"price_unit\":\"EUR\"}"));
    assert_string_equal(prices.fault, "the prices are in another currency");
    prices_end(&prices);
}

#define TENANT "tenant_01kamp5sw0fh4rjv2x0bq2mtjx"
#define SEND "send_01kamp5sw0fh4rjv2x0bq2mtjx"

#define LEDGER_TEXT 320

/* The line that follows in the chain, hashed here by hand. */
static json_t *line_after(const char *prev_hex, int number, const char *kind, int micros)
{
    uint8_t bytes[CRYPT_MAC + LEDGER_TEXT], hash[CRYPT_MAC];
    char hex[2 * CRYPT_MAC + 1], *text = (char *)bytes + CRYPT_MAC;
    assert_true(text_unhex(prev_hex, bytes, CRYPT_MAC));
    int len =
        snprintf(text, LEDGER_TEXT, "%d|2026-11-22T10:00:00.000Z|" SEND "|%s|%d|US|sign_in", number, kind, micros);
    crypt_hash(bytes, CRYPT_MAC + (size_t)len, hash);
    text_hex(hash, sizeof(hash), hex);
    return json_pack("{si ss ss ss si ss ss ss ss}", "line", number, "at", "2026-11-22T10:00:00.000Z", "send", SEND,
                     "kind", kind, "micros", micros, "country", "US", "purpose", "sign_in", "prev_hash", prev_hex,
                     "hash", hex);
}

static void a_chain_is_followed_and_its_first_bad_line_named(void **state)
{
    struct chain chain;
    uint8_t root[CRYPT_MAC];
    char hex[2 * CRYPT_MAC + 1];
    (void)state;
    crypt_hash("tillgate ledger 1|" TENANT, strlen("tillgate ledger 1|" TENANT), root);
    text_hex(root, sizeof(root), hex);
    json_t *first = line_after(hex, 1, "reserved", 8300);
    json_t *second = line_after(json_string_value(json_object_get(first, "hash")), 2, "settled", -400);
    json_t *third = line_after(json_string_value(json_object_get(second, "hash")), 3, "reserved", 8300);

    chain_start(&chain, &CHAIN_LEDGER, TENANT, true);
    assert_string_equal(chain_take(&chain, second), "lines before it are missing");
    assert_null(chain_take(&chain, first));
    assert_string_equal(chain_take(&chain, first), "it is out of order");
    assert_string_equal(chain_take(&chain, third), "lines before it are missing");
    json_t *micros = json_incref(json_object_get(second, "micros"));
    json_object_set_new(second, "micros", json_integer(-500));
    assert_string_equal(chain_take(&chain, second), "it was altered");
    json_object_set_new(second, "micros", json_string("-400"));
    assert_string_equal(chain_take(&chain, second), "it is not a line of this chain");
    json_object_set_new(second, "micros", micros);
    assert_null(chain_take(&chain, second));
    json_t *other = line_after(hex, 3, "reserved", 8300);
    assert_string_equal(chain_take(&chain, other), "it does not follow from the line before");
    assert_null(chain_take(&chain, third));
    assert_true(chain.line == 3);

    chain_start(&chain, &CHAIN_LEDGER, "tenant_of_somebody_else", true);
    assert_string_equal(chain_take(&chain, first), "it does not follow from the line before");
    chain_start(&chain, &CHAIN_LEDGER, NULL, true);
    assert_null(chain_take(&chain, second)); /* a page from the middle */
    json_decref(first), json_decref(second), json_decref(third), json_decref(other);
}

#define ATTEMPT "VL0123456789abcdef0123456789abcdef"

static struct twilio_outcome verified(int status, const char *body)
{
    struct fetch_answer answer = {.end = FETCH_ANSWERED, .status = status, .body = body, .body_len = strlen(body)};
    return PROVIDER_VERIFY.posted(&answer);
}

static void verify_posts_our_code(void **state)
{
    struct account account = {.verify_url = "https://v.example", .verify_service = "VA1"};
    struct provider_post post;
    (void)state;
    assert_true(PROVIDER_VERIFY.post(
        &account, &(struct twilio_message){.to = "+14155550134", .code = "012345", .locale = "de"}, &post));
    assert_string_equal(post.url, "https://v.example/v2/Services/VA1/Verifications");
    assert_string_equal(post.form, "To=%2B14155550134&Channel=sms&CustomCode=012345&Locale=de");
    assert_true(PROVIDER_VERIFY.feedback(&account, ATTEMPT, "+14155550134", &post));
    assert_string_equal(post.url, "https://v.example/v2/Services/VA1/Verifications/%2B14155550134");
    assert_string_equal(post.form, "Status=approved");
}

static void verify_answers_are_sorted(void **state)
{
    (void)state;
    struct twilio_outcome outcome = verified(
        201, "{\"sid\":\"VE1\",\"send_code_attempts\":[{\"attempt_sid\":\"x\"},{\"attempt_sid\":\"" ATTEMPT "\"}]}");
    assert_int_equal(outcome.verdict, TWILIO_ACCEPTED);
    assert_string_equal(outcome.sid, ATTEMPT);
    assert_int_equal(verified(201, "{\"send_code_attempts\":[]}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(verified(201, "oops").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(verified(502, "{}").verdict, TWILIO_AMBIGUOUS);
    assert_int_equal(verified(400, "{\"code\":60200}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(400, "{\"code\":60202}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(400, "{\"code\":60203}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(429, "{\"code\":60203}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(429, "{\"code\":60212}").verdict, TWILIO_RETRY);
    assert_int_equal(verified(400, "{\"code\":60410}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(400, "{\"code\":60605}").verdict, TWILIO_FAILED);
    assert_int_equal(verified(404, "{\"code\":20404}").verdict, TWILIO_CONFIG);
    assert_int_equal(verified(429, "{\"code\":20429}").verdict, TWILIO_RETRY);
}

static void verify_attempts_tell_status_and_price(void **state)
{
    static const char body[] =
        "{\"sid\":\"" ATTEMPT "\",\"channel\":\"sms\",\"date_created\":\"2023-08-24T05:01:45Z\","
        "\"price\":{\"value\":\"0.0075\",\"currency\":\"usd\"},\"channel_data\":{\"message_status\":"
        "\"undelivered\",\"error_code\":\"30008\"}}";
    char list[1024];
    struct twilio_seen seen[TWILIO_CANDIDATES];
    struct fetch_answer answer = {.end = FETCH_ANSWERED, .status = 200, .body = body, .body_len = strlen(body)};
    (void)state;
    assert_true(PROVIDER_VERIFY.looked(&answer, &seen[0]));
    assert_string_equal(seen[0].status, "undelivered");
    assert_int_equal(seen[0].error, 30008);
    assert_true(seen[0].has_price && seen[0].price_micros == 7500);
    assert_string_equal(seen[0].currency, "USD");

    snprintf(list, sizeof(list), "{\"attempts\":[%s]}", body);
    answer.body = list, answer.body_len = strlen(list);
    assert_int_equal(PROVIDER_VERIFY.found(&answer, &(struct twilio_wanted){.sent_ms = 1692853305000}, seen), 1);
    assert_int_equal(PROVIDER_VERIFY.found(&answer, &(struct twilio_wanted){.sent_ms = 1692853405000}, seen), 0);
    answer.status = 500;
    assert_int_equal(PROVIDER_VERIFY.found(&answer, &(struct twilio_wanted){.sent_ms = 1692853305000}, seen), -1);
    assert_ptr_equal(provider_named("verify"), &PROVIDER_VERIFY);
    assert_null(provider_named("carrier pigeon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(currencies_and_months_have_a_shape),
        cmocka_unit_test(the_highest_price_of_a_country_counts),
        cmocka_unit_test(pages_then_countries),
        cmocka_unit_test(a_page_elsewhere_and_another_currency_end_it),
        cmocka_unit_test(a_chain_is_followed_and_its_first_bad_line_named),
        cmocka_unit_test(verify_posts_our_code),
        cmocka_unit_test(verify_answers_are_sorted),
        cmocka_unit_test(verify_attempts_tell_status_and_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
