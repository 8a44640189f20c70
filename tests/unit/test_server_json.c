/* json: typed reads of a body; every bad field is named, and none that was not asked for slips through. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/json.c"
#include "server/log.h"

static struct req *rq;

static struct req *request(const char *body)
{
    rq = req_new(false, "test");
    rq->json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(rq->json);
    req_defer_json(rq, rq->json);
    return rq;
}

static void reply_if_needed(struct req *which)
{
    if (!req_replied(which))
        req_reply_empty(which, 204);
}

static void finish(void)
{
    req_run(rq, reply_if_needed);
    assert_int_equal(req_live(), 0);
}

/* "pointer code, pointer code" of the answer, in its order. */
static const char *complaints(void)
{
    static char out[2048];
    json_t *body = json_loads(inside(rq)->answer, 0, NULL), *each;
    size_t i, len = 0;

    out[0] = '\0';
    assert_int_equal(inside(rq)->status, 422);
    json_array_foreach(json_object_get(body, "errors"), i, each)
    {
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s %s", i ? ", " : "",
                                json_string_value(json_object_get(each, "pointer")),
                                json_string_value(json_object_get(each, "code")));
    }
    json_decref(body);
    return out;
}

static bool is_short(const char *text)
{
    return strlen(text) < 4;
}

static void good_fields_are_read(void **state)
{
    static const char *const ROLES[] = {"owner", "viewer", NULL};

    (void)state;
    request("{\"name\":\"Ñandú\",\"user\":{\"email\":\"a@b\"},\"role\":\"viewer\",\"n\":7,\"on\":true,\"list\":[\"a\","
            "\"bc\"]}");
    assert_string_equal(json_need_text(rq, "/name", 5, 5), "Ñandú");
    assert_string_equal(json_need_text(rq, "/user/email", 1, 9), "a@b");
    assert_ptr_equal(json_need_word(rq, "/role", ROLES), ROLES[1]);
    assert_int_equal(json_may_int(rq, "/n", 1, 9, 3), 7);
    assert_int_equal(json_may_int(rq, "/m", 1, 9, 3), 3);
    assert_true(json_may_bool(rq, "/on", false));
    assert_true(json_may_bool(rq, "/off", true));
    assert_int_equal(json_array_size(json_may_texts(rq, "/list", 2, is_short)), 2);
    assert_null(json_may_text(rq, "/none", 1, 1));
    assert_null(json_may_word(rq, "/none", ROLES));
    assert_null(json_may_texts(rq, "/none", 1, is_short));
    assert_true(json_has(rq, "/n"));
    assert_false(json_has(rq, "/q"));
    assert_true(json_done(rq));
    finish();
}

static void every_bad_field_is_named_at_once(void **state)
{
    static const char *const ROLES[] = {"owner", NULL};

    (void)state;
    request("{\"a\":\"\",\"b\":\"toolong\",\"c\":5,\"d\":\"x\",\"e\":99,\"f\":\"1\",\"g\":null,\"h\":[1,\"long text\"],"
            "\"i\":\"a\\u0007b\",\"j\":1.0,\"k\":0,\"l\":\"a\\u0085\"}");
    json_need_text(rq, "/a", 1, 3);
    json_need_text(rq, "/b", 1, 3);
    json_need_text(rq, "/c", 1, 3);
    json_need_word(rq, "/d", ROLES);
    json_may_int(rq, "/e", 1, 9, 3);
    json_may_int(rq, "/f", 1, 9, 3);
    json_may_text(rq, "/g", 1, 9);
    json_may_texts(rq, "/h", 3, is_short);
    json_may_text(rq, "/i", 1, 9);
    json_may_int(rq, "/j", 1, 9, 3);
    json_may_bool(rq, "/k", true);
    json_may_text(rq, "/l", 1, 9);
    json_need_text(rq, "/z", 1, 3);
    assert_false(json_done(rq));
    assert_string_equal(complaints(),
                        "/a too_short, /b too_long, /c wrong_type, /d invalid, /e invalid, /f wrong_type, "
                        "/g wrong_type, /h/0 wrong_type, /h/1 invalid, /i invalid, /j wrong_type, "
                        "/k wrong_type, /l invalid, /z required");
    finish();
}

static void unknown_fields_are_refused_at_both_depths(void **state)
{
    (void)state;
    request("{\"user\":{\"email\":\"a\",\"admin\":true},\"x/y\":1,\"t~\":2,\"deep\":{\"a\":1}}");
    json_need_text(rq, "/user/email", 1, 3);
    assert_false(json_done(rq));
    assert_string_equal(complaints(),
                        "/x~1y unknown_field, /t~0 unknown_field, /deep unknown_field, /user/admin unknown_field");
    finish();
}

static void a_missing_or_wrong_parent_is_named_itself(void **state)
{
    (void)state;
    request("{\"b\":7}");
    json_need_text(rq, "/a/x", 1, 3);
    json_need_text(rq, "/a/y", 1, 3);
    json_need_text(rq, "/b/x", 1, 3);
    assert_false(json_done(rq));
    assert_string_equal(complaints(), "/a required, /b wrong_type");
    finish();
}

static void a_prefix_of_a_known_name_is_not_known(void **state)
{
    (void)state;
    request("{\"na\":1,\"name\":\"x\",\"names\":1}");
    json_need_text(rq, "/name", 1, 3);
    assert_false(json_done(rq));
    assert_string_equal(complaints(), "/na unknown_field, /names unknown_field");
    finish();
}

static void the_handler_adds_its_own(void **state)
{
    (void)state;
    request("{\"slug\":\"api\"}");
    json_need_text(rq, "/slug", 1, 9);
    json_bad(rq, "/slug", "invalid");
    json_bad(rq, "/slug", "too_short"); /* the first one stays */
    assert_false(json_done(rq));
    assert_string_equal(complaints(), "/slug invalid");
    finish();
}

static void many_and_long_names_are_cut(void **state)
{
    char body[20000] = "{";
    size_t len = 1;

    (void)state;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(body + len, sizeof body - len, "%s\"%0120dé\":1", i ? "," : "", i);
    snprintf(body + len, sizeof body - len, "}");
    request(body);
    assert_false(json_done(rq));
    finish();
    len = 0;
    body[len++] = '{';
    body[len++] = '"';
    for (int i = 0; i < 3000; i++)
        len += (size_t)snprintf(body + len, sizeof body - len, "é");
    snprintf(body + len, sizeof body - len, "\":1}");
    request(body);
    assert_false(json_done(rq));
    assert_true(text_utf8(inside(rq)->answer, inside(rq)->answer_len));
    finish();
}

static bool page(const char *query, int64_t *ret_limit, bool *ret_has)
{
    uint8_t after[16];

    request("{}");
    rq->query = query;
    return json_page(rq, "key", ret_limit, after, ret_has);
}

static void pages(void **state)
{
    static const char *const BAD[] = {"limit=0",
                                      "limit=201",
                                      "limit=-1",
                                      "limit=5x",
                                      "limit=",
                                      "limit=1&limit=2",
                                      "cursor=abc",
                                      "x=1",
                                      "limit=+5",
                                      "limit=0x5",
                                      "cursor=user_01h455vb4pex5vsknk084sn02q",
                                      "limit=5&x",
                                      "limit=%35%"};
    int64_t limit = 0;
    bool has = true;

    (void)state;
    assert_true(page("", &limit, &has));
    assert_int_equal(limit, 50);
    assert_false(has);
    finish();
    assert_true(page("cursor=key_01h455vb4pex5vsknk084sn02q&limit=200", &limit, &has));
    assert_int_equal(limit, 200);
    assert_true(has);
    finish();
    for (size_t i = 0; i < LEN(BAD); i++) {
        if (page(BAD[i], &limit, &has))
            fail_msg("%s was taken", BAD[i]);
        assert_int_equal(inside(rq)->status, 422);
        finish();
    }
}

static const char *const STATES[] = {"open", "shut", NULL};

static bool filtered(const char *query, const char **ret_state, const char **ret_text)
{
    uint8_t after[16];
    int64_t limit;
    bool has;

    request("{}");
    rq->query = query;
    *ret_state = json_filter_word(rq, "state", STATES);
    *ret_text = json_filter_text(rq, "q", 3);
    return json_page(rq, "key", &limit, after, &has);
}

static void filters(void **state)
{
    static const char *const BAD[] = {
        "state=", "state=OPEN", "state=open&state=open", "state=%", "q=", "q=abcd", "q=%01", "q=a&q=b", "r=1"};
    const char *word = NULL, *text = NULL;

    (void)state;
    assert_true(filtered("", &word, &text));
    assert_null(word);
    assert_null(text);
    finish();
    assert_true(filtered("limit=1&q=%C3%A9+%25&state=shut", &word, &text));
    assert_string_equal(word, "shut");
    assert_string_equal(text, "\xc3\xa9 %");
    finish();
    for (size_t i = 0; i < LEN(BAD); i++) {
        if (filtered(BAD[i], &word, &text))
            fail_msg("%s was taken", BAD[i]);
        assert_int_equal(inside(rq)->status, 422);
        finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_fields_are_read),
        cmocka_unit_test(every_bad_field_is_named_at_once),
        cmocka_unit_test(unknown_fields_are_refused_at_both_depths),
        cmocka_unit_test(a_missing_or_wrong_parent_is_named_itself),
        cmocka_unit_test(a_prefix_of_a_known_name_is_not_known),
        cmocka_unit_test(the_handler_adds_its_own),
        cmocka_unit_test(many_and_long_names_are_cut),
        cmocka_unit_test(pages),
        cmocka_unit_test(filters),
    };

    json_wipe_memory();
    log_level_set(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
