/* route: the table is matched whole, decoded once, and never out of bounds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/route.c"

static const struct route TABLE[] = {
    {"GET", "/v1/tenants", 0, 0, BODY_NONE, NULL, "tenant_list"},
    {"POST", "/v1/tenants", 0, 0, BODY_JSON, NULL, "tenant_create"},
    {"GET", "/v1/tenants/{tenant}", 0, 0, BODY_NONE, NULL, "tenant_read"},
    {"PATCH", "/v1/tenants/{tenant}", 0, 0, BODY_JSON, NULL, "tenant_change"},
    {"POST", "/v1/tenants/{tenant}/suspend", 0, 0, BODY_JSON, NULL, "tenant_suspend"},
    {"DELETE", "/v1/tenants/{tenant}/keys/{key}", 0, 0, BODY_NONE, NULL, "key_revoke"},
    {"GET", "/api/session", 1, 0, BODY_NONE, NULL, "session_read"},
};

static const struct route *found;
static const char *params[REQ_PARAMS], *allow;
static char scratch[512];

static enum route_verdict find(const char *method, int host, const char *path)
{
    found = NULL;
    allow = NULL;
    return route_find(TABLE, LEN(TABLE), method, host, path, scratch, params, &found, &allow);
}

static void fixed_paths_and_parameters(void **state)
{
    (void)state;
    assert_int_equal(find("POST", 0, "/v1/tenants"), ROUTE_FOUND);
    assert_string_equal(found->name, "tenant_create");
    assert_null(params[0]);
    assert_int_equal(find("DELETE", 0, "/v1/tenants/tenant_1/keys/key_2"), ROUTE_FOUND);
    assert_string_equal(found->name, "key_revoke");
    assert_string_equal(params[0], "tenant_1");
    assert_string_equal(params[1], "key_2");
    assert_null(params[2]);
    assert_int_equal(find("POST", 0, "/v1/tenants/t/suspend"), ROUTE_FOUND);
    assert_string_equal(params[0], "t");
}

static void parameters_are_decoded_once(void **state)
{
    (void)state;
    assert_int_equal(find("GET", 0, "/v1/tenants/a%2Fb"), ROUTE_FOUND);
    assert_string_equal(params[0], "a/b");
    assert_int_equal(find("GET", 0, "/v1/tenants/a%252Fb"), ROUTE_FOUND);
    assert_string_equal(params[0], "a%2Fb");
    assert_int_equal(find("GET", 0, "/v1/tenants/a+b"), ROUTE_FOUND);
    assert_string_equal(params[0], "a+b");
    assert_int_equal(find("GET", 0, "/v1/tenants/a%00b"), ROUTE_UNKNOWN);
    assert_int_equal(find("GET", 0, "/v1/tenants/%zz"), ROUTE_UNKNOWN);
    assert_int_equal(find("GET", 0, "/v1/tenants/%ff"), ROUTE_UNKNOWN); /* not UTF-8 */
}

static void near_misses_are_unknown(void **state)
{
    static const char *const PATHS[] = {"",
                                        "/",
                                        "/v1",
                                        "/v1/tenants/",
                                        "/v1//tenants",
                                        "/V1/tenants",
                                        "/v1/tenant",
                                        "/v1/tenantss",
                                        "/v1/tenants/x/",
                                        "/v1/tenants//keys/k",
                                        "/v1/%74enants",
                                        "/v1/tenants/x/suspend/y"};

    (void)state;
    for (size_t i = 0; i < LEN(PATHS); i++)
        if (find("GET", 0, PATHS[i]) != ROUTE_UNKNOWN)
            fail_msg("%s was found", PATHS[i]);
}

static void another_method_names_those_that_work(void **state)
{
    (void)state;
    assert_int_equal(find("DELETE", 0, "/v1/tenants"), ROUTE_OTHER_METHOD);
    assert_string_equal(allow, "GET, HEAD, POST");
    assert_int_equal(find("GET", 0, "/v1/tenants/t/keys/k"), ROUTE_OTHER_METHOD);
    assert_string_equal(allow, "DELETE");
    assert_int_equal(find("get", 0, "/v1/tenants"), ROUTE_OTHER_METHOD);
}

static void hosts_have_routes_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(find("GET", 0, "/api/session"), ROUTE_UNKNOWN);
    assert_int_equal(find("GET", 1, "/api/session"), ROUTE_FOUND);
    assert_int_equal(find("GET", 1, "/v1/tenants"), ROUTE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_paths_and_parameters),     cmocka_unit_test(parameters_are_decoded_once),
        cmocka_unit_test(near_misses_are_unknown),        cmocka_unit_test(another_method_names_those_that_work),
        cmocka_unit_test(hosts_have_routes_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
