/* mail: nothing that somebody entered reaches a header; every notice is there in every language. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/locales.h"
#include "tenants/outbox/mail.c"
#include "tenants/outbox/mail_texts.c"

static struct mail_parts parts = {.id = "mail_01kamp5sw0fh4rjv2x0bq2mtjx",
                                  .from = "Tillgate <notices@tillgate.example>",
                                  .to = "ann@shop.example",
                                  .notice = "phone_added",
                                  .locale = "en",
                                  .store = "Acme Toys",
                                  .panel = "https://acme-toys.panel.example",
                                  .at = "2026-11-22T05:00:00.000Z",
                                  .until = "2026-11-22T05:30:00.000Z",
                                  .percent = 80,
                                  .now_s = 1795323600};

/* The body as a reader sees it. */
static void read_body(const char *message, char body[static BODY_ROOM])
{
    char text[BODY_ROOM * 2];
    size_t len = 0;
    for (const char *at = strstr(message, "\r\n\r\n") + 4; *at; at++) {
        if (*at != '\r' && *at != '\n' && *at != '=')
            text[len++] = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    }
    size_t bytes = len * 3 / 4;
    assert_true(bytes < BODY_ROOM && text_unbase64url(text, len, (uint8_t *)body, bytes));
    body[bytes] = '\0';
}

static void a_message_is_whole(void **state)
{
    char message[MAIL_ROOM], body[BODY_ROOM];

    (void)state;
    assert_true(mail_compose(&parts, message));
    static const char HEADERS[] = "From: Tillgate <notices@tillgate.example>\r\n"
                                  "To: ann@shop.example\r\n"
                                  "Date: Sun, 22 Nov 2026 05:00:00 +0000\r\n"
                                  "Message-ID: <mail_01kamp5sw0fh4rjv2x0bq2mtjx@tillgate.example>\r\n"
                                  "Subject: A phone number was added to your sign-in\r\n"
                                  "Auto-Submitted: auto-generated\r\n"
                                  "MIME-Version: 1.0\r\n"
                                  "Content-Type: text/plain; charset=utf-8\r\n"
                                  "Content-Transfer-Encoding: base64\r\n\r\n";
    assert_int_equal(strncmp(message, HEADERS, strlen(HEADERS)), 0);
    read_body(message, body);
    assert_non_null(strstr(body, "your sign-in to “Acme Toys” on 2026-11-22 05:00 UTC."));
    assert_non_null(strstr(body, "If this was not you"));
    assert_non_null(strstr(body, "https://acme-toys.panel.example"));
}

static void every_notice_is_there_in_every_language(void **state)
{
    char message[MAIL_ROOM], body[BODY_ROOM];

    (void)state;
    assert_int_equal(LEN(REST), LEN(LOCALES) - 1);
    assert_int_equal(LEN(TEXTS) % (LEN(LOCALES) - 1), 0);
    for (size_t i = 0; i < LEN(TEXTS); i++) {
        struct mail_parts one = parts;
        one.notice = TEXTS[i].notice;
        one.locale = LOCALES[i % (LEN(LOCALES) - 1)];
        one.store = "{store}{percent}ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ";
        assert_string_equal(TEXTS[i].locale,
                            one.locale); /* none missing, none twice: each notice in the order of LOCALES */
        assert_string_equal(TEXTS[i].notice, TEXTS[i - i % (LEN(LOCALES) - 1)].notice);
        assert_ptr_equal(mail_text_find(one.notice, one.locale), &TEXTS[i]);
        assert_null(strchr(TEXTS[i].subject, '{'));
        assert_true(mail_compose(&one, message));
        read_body(message, body);
        char *store = strstr(body, "{store}{percent}");
        assert_non_null(store);
        assert_null(strchr(store + 16, '{')); /* every placeholder is known */
        for (const char *line = message, *end; (end = strstr(line, "\r\n")); line = end + 2)
            assert_true(end - line <= 78);
        for (const char *at = message; *at; at++)
            assert_true((unsigned char)*at < 0x80);
    }
    assert_string_equal(mail_text_find("reset", "xx")->locale, "en");
    assert_null(mail_text_find("nonsense", "en"));
}

static void names_stay_in_one_line_of_the_body(void **state)
{
    static const struct {
        const char *name, *plain;
    } CASES[] = {{"Acme", "Acme"},
                 {"A\r\nBcc: all@x.example\r\n\r\nB", "A Bcc: all@x.example B"},
                 {"  A\t\tB  ", "A B"},
                 {"A\xe2\x80\xa8"
                  "B\xe2\x80\xaeX\xe2\x81\xa6Y",
                  "A B X Y"},
                 {"A\xc2\x85"
                  "B",
                  "A B"},
                 {"\r\n\t", "-"},
                 {"", "-"},
                 {"Blümen “Berg”", "Blümen “Berg”"}};
    char plain[MAIL_STORE], message[MAIL_ROOM], longest[1000];

    (void)state;
    for (size_t i = 0; i < LEN(CASES); i++) {
        struct mail_parts one = parts;
        one.store = CASES[i].name;
        mail_plain(CASES[i].name, plain);
        assert_string_equal(plain, CASES[i].plain);
        assert_true(mail_compose(&one, message));
        assert_null(strstr(message, "Bcc"));
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    mail_plain(longest, plain);
    assert_int_equal(strlen(plain), 80);
}

static void addresses(void **state)
{
    static const char *const GOOD[] = {"a@b", "ann@shop.example", "ann.arbor+x@shop.co.uk", "o'neill@x-y.example",
                                       "A_b!#$%&*@1.example"};
    static const char *const BAD[] = {"",
                                      "@",
                                      "a@",
                                      "@b",
                                      "a@b@c",
                                      "a b@c",
                                      "a@b c",
                                      "a@b\r\nBcc: x@y",
                                      "a\r\n@b",
                                      "a\n@b.example",
                                      "<a@b>",
                                      "a@b>",
                                      "\"a b\"@c",
                                      "a,b@c",
                                      "a@b,c@d",
                                      "a;@b",
                                      "a@[127.0.0.1]",
                                      "ä@b",
                                      "a@bä",
                                      ".a@b",
                                      "a.@b",
                                      "a..b@c",
                                      "a@.b",
                                      "a@b.",
                                      "a@-b",
                                      "a@b-",
                                      "a@b..c",
                                      "a(x)@b",
                                      "a:b@c",
                                      "a\\@b",
                                      "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaa@b"};
    char message[MAIL_ROOM] = "untouched", address[MAIL_ADDRESS], longest[MAIL_ADDRESS + 10];

    (void)state;
    for (size_t i = 0; i < LEN(GOOD); i++) {
        assert_true(mail_is_address(GOOD[i]));
        assert_true(mail_is_from(GOOD[i], address));
        assert_string_equal(address, GOOD[i]);
    }
    for (size_t i = 0; i < LEN(BAD); i++) {
        struct mail_parts one = parts;
        one.to = BAD[i];
        if (mail_is_address(BAD[i]) || mail_compose(&one, message))
            fail_msg("%s is an address", BAD[i]);
        one.to = "a@b";
        one.from = BAD[i];
        if (BAD[i][0] != '<' && mail_compose(&one, message))
            fail_msg("%s is a sender", BAD[i]);
    }
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    longest[MAIL_ADDRESS] = '\0';
    assert_false(mail_is_address(longest));
    longest[MAIL_ADDRESS - 1] = '\0';
    assert_true(mail_is_address(longest));
    assert_true(mail_is_from("Till Gate <a@b>", address));
    assert_string_equal(address, "a@b");
    static const char *const NO_FROM[] = {"<a@b>",       " <a@b>",        "X<a@b>", "X <a@b", "X <a@b> ",
                                          "X\r\n <a@b>", "X \"Y\" <a@b>", "X <>",   "X <a>",  "Ä <a@b>"};
    for (size_t i = 0; i < LEN(NO_FROM); i++) {
        if (mail_is_from(NO_FROM[i], address))
            fail_msg("%s is a sender", NO_FROM[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_whole),
        cmocka_unit_test(every_notice_is_there_in_every_language),
        cmocka_unit_test(names_stay_in_one_line_of_the_body),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
