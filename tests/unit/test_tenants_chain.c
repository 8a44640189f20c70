/* chain: lines of the audit trail: their text, as Postgres writes it, what is personal in them, their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/chain.h"
#include "server/text.h"

#define TENANT "tenant_01kamp5sw0fh4rjv2x0bq2mtjx"
#define EVENT "event_01kamp5sw0fh4rjv2x0bq2mtjx"
#define REQUEST "request_01kamp5sw0fh4rjv2x0bq2mtjx"
#define SALT "000102030405060708090a0b0c0d0e0f"

static void jsonb_is_written_as_postgres_does(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"[]", "[]"},
        {"{\"bb\":1,\"a\":[true,false,null],\"ab\":{\"z\":-5,\"y\":\"x\"}}",
         "{\"a\": [true, false, null], \"ab\": {\"y\": \"x\", \"z\": -5}, \"bb\": 1}"},
        {"{\"quote\":\"\\\"\\\\/\",\"control\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"}",
         "{\"quote\": \"\\\"\\\\/\", \"control\": \"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"}"},
        {"{\"to\":\"+1 ••• ••34\"}", "{\"to\": \"+1 ••• ••34\"}"},
        {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
        {"9223372036854775807", "9223372036854775807"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        json_t *value = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
        char *text = chain_jsonb(value);
        assert_string_equal(text, cases[i][1]);
        free(text);
        json_decref(value);
    }
    json_t *fraction = json_pack("{sf}", "n", 1.5);
    assert_null(chain_jsonb(fraction));
    json_decref(fraction);
}

static void hash_hex(const void *head, size_t head_len, const char *text, char hex[static 2 * CRYPT_MAC + 1])
{
    uint8_t bytes[1024], hash[CRYPT_MAC];
    memcpy(bytes, head, head_len);
    memcpy(bytes + head_len, text, strlen(text));
    crypt_hash(bytes, head_len + strlen(text), hash);
    text_hex(hash, sizeof(hash), hex);
}

/* An event that follows in the chain, hashed here by hand. */
static json_t *event_after(const char *prev_hex, int number)
{
    static const char person[] = "{\"to\": \"+1 ••• ••34\", \"address\": \"192.0.2.1\"}";
    uint8_t salt[16], prev[CRYPT_MAC];
    char person_hex[2 * CRYPT_MAC + 1], hex[2 * CRYPT_MAC + 1], text[512];
    assert_true(text_unhex(SALT, salt, 16) && text_unhex(prev_hex, prev, CRYPT_MAC));
    hash_hex(salt, 16, person, person_hex);
    snprintf(text, sizeof(text), "%d|2026-11-22T10:00:00.000Z|" EVENT "|signed_in|||session|" REQUEST "|%s|%s", number,
             person_hex, "{\"country\": \"US\"}");
    hash_hex(prev, sizeof(prev), text, hex);
    return json_pack("{si ss ss ss sn sn ss ss ss s{ss} s{ss ss} ss ss ss}", "line", number, "at",
                     "2026-11-22T10:00:00.000Z", "id", EVENT, "kind", "signed_in", "user", "actor", "caller", "session",
                     "request_id", REQUEST, "person_hash", person_hex, "detail", "country", "US", "person", "to",
                     "+1 ••• ••34", "address", "192.0.2.1", "salt", SALT, "prev_hash", prev_hex, "hash", hex);
}

static void events_are_followed_and_what_is_personal_is_checked(void **state)
{
    struct chain chain;
    char root[2 * CRYPT_MAC + 1];
    (void)state;
    hash_hex("", 0, "tillgate events 1|" TENANT, root);
    json_t *first = event_after(root, 1);
    json_t *second = event_after(json_string_value(json_object_get(first, "hash")), 2);

    chain_start(&chain, &CHAIN_EVENTS, TENANT, true);
    assert_string_equal(chain_take(&chain, second), "lines before it are missing");
    assert_null(chain_take(&chain, first));
    json_t *person = json_object_get(second, "person");
    json_object_set_new(person, "address", json_string("192.0.2.2"));
    assert_string_equal(chain_take(&chain, second), "what is personal in it was altered");
    json_object_set_new(second, "person", json_null()); /* the user was erased */
    json_object_set_new(second, "salt", json_null());
    assert_null(chain_take(&chain, second));
    json_object_set_new(first, "detail", json_object());
    chain_start(&chain, &CHAIN_EVENTS, TENANT, true);
    assert_string_equal(chain_take(&chain, first), "it was altered");
    json_object_set_new(first, "kind", json_string("a|b"));
    assert_string_equal(chain_take(&chain, first), "it is not a line of this chain");

    /* an export may begin anywhere, but what calls itself line 1 follows the root */
    chain_start(&chain, &CHAIN_EVENTS, "tenant_of_somebody_else", false);
    assert_null(chain_take(&chain, second));
    chain_start(&chain, &CHAIN_EVENTS, "tenant_of_somebody_else", false);
    assert_string_equal(chain_take(&chain, first), "it does not follow from the line before");
    json_decref(first), json_decref(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jsonb_is_written_as_postgres_does),
        cmocka_unit_test(events_are_followed_and_what_is_personal_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
