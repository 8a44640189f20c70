/* A request from dispatch to its end, without h2o: what is refused and in which order, what is read, what lives how
 * long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/dispatch.c"
#include "server/crypt.h"
#include "server/log.h"

static struct req *rq;
static int ended, released;

static int host_class(const char *host)
{
    return strcmp(host, "api.test") == 0 ? 0 : strcmp(host, "panel.test") == 0 ? 1 : -1;
}

static bool admit(struct req *which)
{
    if (!req_header(which, "x-stranger"))
        return true;
    req_fail(which, "not_found");
    return false;
}

static size_t body_limit(int class)
{
    return class == 0 ? 64 : 32;
}

static void headers(struct req *which, int class)
{
    req_set_header(which, "X-Class", class < 0 ? "none" : class ? "panel" : "api");
}

static void echo(struct req *which)
{
    req_reply_json(which, 200, json_pack("{sO?}", "got", which->json));
}

static const struct route ROUTES[] = {
    {"POST", "/v1/things", 0, 0, BODY_JSON, echo, "thing_create"},
    {"GET", "/v1/things/{thing}", 0, 0, BODY_NONE, echo, "thing_read"},
    {"POST", "/api/optional", 1, 0, BODY_JSON_OPTIONAL, echo, "optional"},
    {"POST", "/launch", 1, 0, BODY_FORM, echo, "launch"},
};
static const struct problem PROBLEMS[] = {{"late", 429, "Late", "Wait."}, {"not_found", 404, "Own words", "Own."}};
static const struct app APP = {
    .name = "test",
    .routes = ROUTES,
    .route_count = LEN(ROUTES),
    .host_class = host_class,
    .static_host_class = 1,
    .admit = admit,
    .body_limit = body_limit,
    .headers = headers,
};

bool server_draining(void)
{
    return false;
}

const char *server_why_unfit(void)
{
    return NULL;
}

static struct req *request(const char *method, const char *host, const char *path, const char *type, const char *body)
{
    static struct req_field none;

    rq = req_new(false, "test");
    rq->method = method;
    rq->host = host;
    rq->path = path;
    rq->address = "192.0.2.1";
    rq->content_type = type;
    rq->body = body;
    rq->body_len = strlen(body);
    inside(rq)->fields = &none;
    return rq;
}

static void nothing(struct req *which)
{
    (void)which;
}

static void finish(void)
{
    req_run(rq, nothing); /* settles what is recorded */
    assert_int_equal(req_live(), 0);
}

static const char *header(const char *name)
{
    struct req_inside *in = inside(rq);

    for (size_t i = 0; i < in->answer_field_count; i++)
        if (strcmp(in->answer_fields[i].name, name) == 0)
            return in->answer_fields[i].value;
    return NULL;
}

static void expect(int status, const char *code)
{
    json_t *body;

    dispatch(rq);
    assert_int_equal(inside(rq)->status, status);
    assert_non_null(header("X-Request-Id"));
    assert_non_null(header("X-Class"));
    assert_string_equal(header("Cache-Control"), "no-store");
    if (code) {
        body = json_loadb(inside(rq)->answer, inside(rq)->answer_len, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(body, "code")), code);
        assert_string_equal(json_string_value(json_object_get(body, "request_id")), header("X-Request-Id"));
        assert_string_equal(inside(rq)->content_type, "application/problem+json");
        json_decref(body);
    }
    finish();
}

/* ---- the way in ---- */

static void refusals_in_their_order(void **state)
{
    static const char JSON[] = "application/json";
    static const struct {
        const char *method, *host, *path, *type, *body;
        int status;
        const char *code;
    } CASES[] = {
        {"POST", "api.test", "/v1/things", JSON, "{}", 200, NULL},
        {"POST", "", "/v1/things", JSON, "{}", 400, "request_malformed"},
        {"POST", "api.test", "*", JSON, "{}", 400, "request_malformed"},
        {"GET", "api.test", "http://api.test/v1/things", "", "", 400, "request_malformed"},
        {"GET", "api.test", "/v1/things/a b", "", "", 400, "request_malformed"},
        {"GET", "api.test", "/v1/things/\x80", "", "", 400, "request_malformed"},
        {"POST", "other.test", "/v1/things", JSON, "{}", 421, "host_unknown"},
        {"POST", "api.test", "/v1/thing", JSON, "{}", 404, "not_found"},
        {"PUT", "api.test", "/v1/things", JSON, "{}", 405, "method_not_allowed"},
        {"POST", "api.test", "/v1/things", JSON,
         "{\"a\":\"0123456789012345678901234567890123456789012345678901234567890\"}", 413, "body_too_large"},
        {"POST", "api.test", "/v1/things", "text/plain", "{}", 415, "content_type_unsupported"},
        {"POST", "api.test", "/v1/things", "", "{}", 415, "content_type_unsupported"},
        {"POST", "api.test", "/v1/things", "", "", 415, "content_type_unsupported"},
        {"POST", "api.test", "/v1/things", JSON, "", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "[]", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "\"x\"", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{\"a\":1,\"a\":1}", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{} {}", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{\"a\":\"\\u0000\"}", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{\"a\":\"\xff\"}", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{\"a\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", 400, "body_malformed"},
        {"POST", "api.test", "/v1/things", JSON, "{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}", 200, NULL},
        {"GET", "api.test", "/v1/things/x", "", "", 200, NULL},
        {"GET", "api.test", "/v1/things/x", JSON, "{}", 200, NULL},
        {"GET", "api.test", "/v1/things/x", JSON, "{\"a\":1}", 422, "body_invalid"},
        {"POST", "panel.test", "/api/optional", "", "", 200, NULL},
        {"POST", "panel.test", "/launch", JSON, "{}", 415, "content_type_unsupported"},
        {"POST", "panel.test", "/launch", "application/x-www-form-urlencoded", "a=b", 200, NULL},
        {"GET", "panel.test", "/launch", "", "", 405, "method_not_allowed"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(CASES); i++) {
        request(CASES[i].method, CASES[i].host, CASES[i].path, CASES[i].type, CASES[i].body);
        expect(CASES[i].status, CASES[i].code);
    }
}

static void a_stranger_learns_nothing_of_the_body(void **state)
{
    static const struct req_field FIELDS[] = {{"x-stranger", "1"}};

    (void)state;
    request("POST", "api.test", "/v1/things", "application/json", "{");
    inside(rq)->fields = FIELDS;
    inside(rq)->field_count = 1;
    expect(404, "not_found");
}

static void fields_that_decide_come_once(void **state)
{
    static const struct req_field TWICE[] = {{"authorization", "a"}, {"x-other", "b"}, {"authorization", "a"}};
    static const struct req_field FINE[] = {{"authorization", "a"}, {"x-other", "b"}, {"x-other", "a"}};

    (void)state;
    request("GET", "api.test", "/v1/things/x", "", "");
    inside(rq)->fields = TWICE;
    inside(rq)->field_count = 3;
    expect(400, "request_malformed");
    request("GET", "api.test", "/v1/things/x", "", "");
    inside(rq)->fields = FINE;
    inside(rq)->field_count = 3;
    expect(200, NULL);
}

static void too_many_fields_are_refused(void **state)
{
    struct req_field many[65];

    (void)state;
    for (size_t i = 0; i < 65; i++)
        many[i] = (struct req_field){"x-a", "b"};
    request("GET", "api.test", "/v1/things/x", "", "");
    inside(rq)->fields = many;
    inside(rq)->field_count = 65;
    expect(431, "headers_too_large");
}

/* ---- what came in ---- */

static void cookies_are_found_whole_and_once(void **state)
{
    static const struct req_field FIELDS[] = {{"cookie", "a=1; __Host-sid=abc ;b=2; twice=1"},
                                              {"cookie", "twice=2; ab=; x"}};

    (void)state;
    request("GET", "api.test", "/", "", "");
    inside(rq)->fields = FIELDS;
    inside(rq)->field_count = 2;
    assert_string_equal(req_cookie(rq, "__Host-sid"), "abc");
    assert_string_equal(req_cookie(rq, "a"), "1");
    assert_string_equal(req_cookie(rq, "ab"), "");
    assert_null(req_cookie(rq, "twice"));
    assert_null(req_cookie(rq, "x"));
    assert_null(req_cookie(rq, "sid"));
    req_reply_empty(rq, 204);
    finish();
}

static void forms_are_decoded_and_sorted(void **state)
{
    const char **pairs;

    (void)state;
    request("POST", "panel.test", "/launch", "application/x-www-form-urlencoded",
            "To=%2B1500&Body=a+b%26&&To=%2B1400&Empty&=x");
    assert_string_equal(req_form(rq, "Body"), "a b&");
    assert_string_equal(req_form(rq, "Empty"), "");
    assert_null(req_form(rq, "To")); /* twice */
    assert_null(req_form(rq, "to"));
    assert_int_equal(req_form_sorted(rq, &pairs), 5);
    assert_string_equal(pairs[0], "");
    assert_string_equal(pairs[2], "Body");
    assert_string_equal(pairs[6], "To");
    assert_string_equal(pairs[7], "+1400");
    assert_string_equal(pairs[9], "+1500");
    req_reply_empty(rq, 204);
    finish();
    request("POST", "panel.test", "/launch", "application/x-www-form-urlencoded", "a=%zz&b=1");
    assert_null(req_form(rq, "b"));
    assert_int_equal(req_form_sorted(rq, &pairs), 0);
    req_reply_empty(rq, 204);
    finish();
}

static void queries_are_decoded(void **state)
{
    (void)state;
    request("GET", "api.test", "/", "", "");
    rq->query = "a=1%202&b=x+y&c&d=1&d=2";
    assert_string_equal(req_query(rq, "a"), "1 2");
    assert_string_equal(req_query(rq, "b"), "x y");
    assert_string_equal(req_query(rq, "c"), "");
    assert_null(req_query(rq, "d"));
    assert_null(req_query(rq, "e"));
    req_reply_empty(rq, 204);
    finish();
}

/* ---- answers ---- */

static void headers_replace_but_cookies_add(void **state)
{
    size_t cookies = 0;

    (void)state;
    request("GET", "api.test", "/", "", "");
    req_set_header(rq, "X-A", "1");
    req_set_header(rq, "x-a", "2");
    req_set_header(rq, "Set-Cookie", "a=1");
    req_set_header(rq, "Set-Cookie", "b=2");
    req_set_header(rq, "X-Evil", "a\r\nSet-Cookie: c=3");
    for (size_t i = 0; i < inside(rq)->answer_field_count; i++)
        cookies += strcmp(inside(rq)->answer_fields[i].name, "Set-Cookie") == 0;
    assert_int_equal(cookies, 2);
    assert_string_equal(header("X-A"), "2");
    assert_null(header("X-Evil"));
    req_reply_empty(rq, 204);
    finish();
}

static void problems_know_their_status_and_when_to_come_back(void **state)
{
    (void)state;
    assert_int_equal(problem_find("late")->status, 429);
    assert_string_equal(problem_find("not_found")->title, "Own words");
    assert_int_equal(problem_find("overloaded")->status, 503);
    assert_int_equal(problem_find("no_such_code")->status, 500);
    request("GET", "api.test", "/", "", "");
    req_fail_with(rq, "late", json_pack("{si s[s]}", "retry_after", 77, "alternatives", "authenticator"));
    assert_string_equal(header("Retry-After"), "77");
    assert_non_null(strstr(inside(rq)->answer, "\"alternatives\":[\"authenticator\"]"));
    assert_non_null(strstr(inside(rq)->answer, "\"type\":\"urn:test:problem:late\""));
    finish();
    request("GET", "api.test", "/", "", "");
    req_fail(rq, "late");
    assert_string_equal(header("Retry-After"), "30");
    finish();
    request("GET", "api.test", "/", "", "");
    req_fail(rq, "overloaded");
    assert_string_equal(header("Retry-After"), "1");
    finish();
    request("GET", "api.test", "/", "", "");
    req_fail_at(rq, "late", "/number");
    assert_non_null(strstr(inside(rq)->answer, "{\"pointer\":\"/number\",\"code\":\"invalid\"}"));
    finish();
}

static void the_first_answer_stays(void **state)
{
    (void)state;
    request("GET", "api.test", "/", "", "");
    req_reply_empty(rq, 204);
    req_fail(rq, "internal");
    assert_int_equal(inside(rq)->status, 204);
    finish();
}

static void large_answers_fit(void **state)
{
    json_t *list = json_array();

    (void)state;
    for (int i = 0; i < 5000; i++)
        json_array_append_new(list, json_integer(i));
    request("GET", "api.test", "/", "", "");
    req_reply_json(rq, 200, json_pack("{so}", "list", list));
    assert_true(inside(rq)->answer_len > 20000);
    finish();
}

/* ---- life and death ---- */

static void note_end(void *arg)
{
    ended += *(int *)arg;
}

static void note_release(void *held)
{
    released += *(int *)held;
}

static void await_something(struct req *which)
{
    req_await(which);
}

static void the_arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    request("GET", "api.test", "/", "", "");
    for (size_t size = 1; size < 40000; size = size * 3 + 1) {
        uint8_t *memory = req_alloc(rq, size);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
    }
    assert_string_equal(req_copy(rq, "abc", 2), "ab");
    assert_string_equal(req_printf(rq, "%d-%s", 7, "x"), "7-x");
    req_reply_empty(rq, 204);
    finish();
}

static void a_request_outlives_its_client_until_the_await_ends(void **state)
{
    static int one = 1;

    (void)state;
    ended = released = 0;
    request("GET", "api.test", "/", "", "");
    req_at_end(rq, note_end, &one);
    req_run(rq, await_something); /* there is no client: as if it had gone */
    assert_int_equal(req_live(), 1);
    req_resume(rq, await_something, &one, note_release);
    assert_int_equal(req_live(), 1);
    assert_int_equal(released, 1); /* what the first await held went when the second began */
    req_resume(rq, echo, &one, note_release);
    assert_int_equal(req_live(), 0);
    assert_int_equal(released, 2);
    assert_int_equal(ended, 1);
}

static void a_failed_await_is_answered_by_the_runtime(void **state)
{
    static int one = 1;

    (void)state;
    ended = 0;
    request("GET", "api.test", "/", "", "");
    req_at_end(rq, note_end, &one);
    req_run(rq, await_something);
    req_refuse(rq, "uncertain");
    assert_int_equal(req_live(), 0);
    assert_int_equal(ended, 1);
}

static void a_job_ends_when_a_step_does_nothing_or_its_await_fails(void **state)
{
    static int one = 1;
    struct req *job;

    (void)state;
    ended = 0;
    job = req_new(true, "job");
    req_at_end(job, note_end, &one);
    req_run(job, await_something);
    assert_int_equal(req_live(), 1);
    req_resume(job, nothing, NULL, NULL);
    assert_int_equal(ended, 1);
    job = req_new(true, "job");
    req_at_end(job, note_end, &one);
    req_run(job, await_something);
    req_refuse(job, "deadline");
    assert_int_equal(ended, 2);
    assert_int_equal(req_live(), 0);
}

static void secrets_are_gone_when_the_request_is(void **state)
{
    static char secret[] = "123456";

    (void)state;
    request("GET", "api.test", "/", "", "");
    req_secret(rq, secret, 6);
    req_reply_empty(rq, 204);
    finish();
    assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_in_their_order),
        cmocka_unit_test(a_stranger_learns_nothing_of_the_body),
        cmocka_unit_test(fields_that_decide_come_once),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(cookies_are_found_whole_and_once),
        cmocka_unit_test(forms_are_decoded_and_sorted),
        cmocka_unit_test(queries_are_decoded),
        cmocka_unit_test(headers_replace_but_cookies_add),
        cmocka_unit_test(problems_know_their_status_and_when_to_come_back),
        cmocka_unit_test(the_first_answer_stays),
        cmocka_unit_test(large_answers_fit),
        cmocka_unit_test(the_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(a_request_outlives_its_client_until_the_await_ends),
        cmocka_unit_test(a_failed_await_is_answered_by_the_runtime),
        cmocka_unit_test(a_job_ends_when_a_step_does_nothing_or_its_await_fails),
        cmocka_unit_test(secrets_are_gone_when_the_request_is),
    };

    log_level_set(LOG_ERROR + 1);
    problem_use("test", PROBLEMS, LEN(PROBLEMS));
    dispatch_start(&APP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
