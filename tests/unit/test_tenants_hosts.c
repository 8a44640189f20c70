/* hosts, origin: which names and addresses are ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define config_text configured /* stands in for the configuration, below */
#include "tenants/hosts.c"
#include "tenants/origin.c"

static const char *api_origin, *hooks_origin, *panel_origins;

const char *configured(const char *key)
{
    return strcmp(key, "api_origin") == 0     ? api_origin
           : strcmp(key, "hooks_origin") == 0 ? hooks_origin
                                              : panel_origins;
}

static int configure(void **state)
{
    (void)state;
    api_origin = "http://api.tillgate.localhost:8080";
    hooks_origin = "https://hooks.example";
    panel_origins =
        "http://{slug}.panel.localhost:8080 https://{slug}.panel.localhost:8443 https://{slug}.panel.example";
    return hosts_start() ? 0 : -1;
}

static void host_names_have_their_class(void **state)
{
    char slug[HOSTS_SLUG];
    (void)state;
    assert_int_equal(hosts_class("api.tillgate.localhost"), HOST_API);
    assert_int_equal(hosts_class("hooks.example"), HOST_HOOKS);
    assert_int_equal(hosts_class("acme-toys.panel.localhost"), HOST_PANEL);
    assert_int_equal(hosts_class("acme-toys.panel.example"), HOST_PANEL);
    static const char *const strangers[] = {
        "",
        "localhost",
        "panel.localhost",
        ".panel.localhost",
        "acme-toys.panel.localhost.",
        "x.acme-toys.panel.localhost",
        "acme-toys.panel.localhost.evil.example",
        "acme-toys.panel.localhosts",
        "api.panel.localhost",
        "-acme.panel.localhost",
        "ab.panel.localhost",
        "acme_toys.panel.localhost",
        "1acme.panel.localhost",
        "api.tillgate.localhost.evil",
        "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.panel.localhost",
    };
    for (size_t i = 0; i < LEN(strangers); i++)
        assert_int_equal(hosts_class(strangers[i]), -1);
    assert_true(hosts_slug("mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.panel.example", slug));
    assert_int_equal(strlen(slug), 40);
}

static void a_panels_origins_are_its_own(void **state)
{
    char host[300];
    (void)state;
    assert_true(hosts_is_panel_origin("acme", "http://acme.panel.localhost:8080"));
    assert_true(hosts_is_panel_origin("acme", "https://acme.panel.localhost:8443"));
    assert_true(hosts_is_panel_origin("acme", "https://acme.panel.example"));
    static const char *const strangers[] = {
        "",
        "null",
        "http://acme.panel.localhost",
        "https://acme.panel.localhost:8080",
        "http://other.panel.localhost:8080",
        "http://acme.panel.localhost:8080/",
        "http://acme.panel.localhost:80801",
        "HTTP://acme.panel.localhost:8080",
        "http://acme.panel.localhost:8080.evil.example",
        "http://acme",
        "http://ac",
        "https://acme.panel.example:443",
    };
    for (size_t i = 0; i < LEN(strangers); i++)
        assert_false(hosts_is_panel_origin("acme", strangers[i]));
    assert_string_equal(hosts_launch_template(), "http://{slug}.panel.localhost:8080/launch");
    hosts_panel("acme", host, sizeof(host));
    assert_string_equal(host, "acme.panel.localhost");
    hosts_panel_origin("acme", host, sizeof(host));
    assert_string_equal(host, "http://acme.panel.localhost:8080");
}

static void bad_configuration_is_refused(void **state)
{
    static const char *const panels[] = {
        "",
        "http://panel.localhost",
        "http://{slug}panel.localhost",
        "http://x.{slug}.localhost",
        "http://{slug}.panel.example",
        "https://{slug}.panel.example/",
        "ftp://{slug}.panel.example",
        "https://{slug}.{slug}.example",
        "https://{slug}.panel.example:0",
        "https://{slug}.panel.example https://nothing.example",
    };
    static const char *const origins[] = {
        "", "api.example", "http://api.example", "https://api.example/", "https://API.example", "https://a:443"};
    for (size_t i = 0; i < LEN(panels); i++) {
        configure(state);
        panel_origins = panels[i];
        assert_false(hosts_start());
    }
    for (size_t i = 0; i < LEN(origins); i++) {
        configure(state);
        api_origin = origins[i];
        assert_false(hosts_start());
    }
}

static void origins_are_read_narrowly(void **state)
{
    static const char *const good[][2] = {
        {"https://shop.example", "https://shop.example"},
        {"https://Shop.EXAMPLE:443/admin?x#y", "https://shop.example"},
        {"https://shop.example:8443/", "https://shop.example:8443"},
        {"http://localhost", "http://localhost"},
        {"http://a.b.localhost:80", "http://a.b.localhost"},
        {"http://127.0.0.1:8085/x", "http://127.0.0.1:8085"},
        {"https://shop.example?next=https://evil.example", "https://shop.example"},
    };
    static const char *const bad[] = {
        "",
        "shop.example",
        "//shop.example",
        "http://shop.example",
        "http://localhost.evil.example",
        "http://evillocalhost",
        "javascript:alert(1)",
        "https:/shop.example",
        "https://",
        "https:///x",
        "https://user@shop.example",
        "https://user:pw@shop.example",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:080",
        "https://shop.example:8a",
        "https://shop..example",
        "https://.example",
        "https://shop.example.",
        "https://-shop.example",
        "https://shop .example",
        "https://shop.example\\@evil.example",
        "https://shop.example/\n",
        "https://shop.example/\x7f",
        "https://sh\xC3\xB6p.example",
        "https://[::1]/",
        "https://shop%2eexample",
        " https://shop.example",
        "HTTPS://shop.example",
        "data:text/html,x",
    };
    char out[ORIGIN_TEXT];
    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        assert_true(origin_of(good[i][0], out));
        assert_string_equal(out, good[i][1]);
        assert_true(origin_is(out));
    }
    for (size_t i = 0; i < LEN(bad); i++) {
        snprintf(out, sizeof(out), "untouched");
        if (origin_of(bad[i], out))
            fail_msg("%s has an origin", bad[i]);
        assert_string_equal(out, "untouched");
        assert_false(origin_is(bad[i]));
    }
    assert_false(origin_is("https://shop.example/"));
    assert_false(origin_is("https://SHOP.example"));
}

static void a_path_keeps_its_origin_or_is_refused(void **state)
{
    static const char *const kept[] = {"/",         "/app/",     "/app/orders?page=2&q=a%20b", "/app//x",
                                       "/a%2F%2Fb", "/app/../x", "/app?to=https://x//y",       "/app\\x"};
    static const char *const refused[] = {"",      "app",   "//x",   "/\\x", "\\/x",       "/%2fx",       "/%2Fx",
                                          "/%5cx", "/\t/x", "/\n/x", "/a b", "/a\x7f",     "/%09/x",      "/%0d%0ax",
                                          "/%00",  "/%",    "/%2",   "/%gg", "https://x/", "javascript:x"};
    char text[ORIGIN_PATH + 2];
    (void)state;
    for (size_t i = 0; i < LEN(kept); i++)
        assert_true(origin_keeps(kept[i]));
    for (size_t i = 0; i < LEN(refused); i++)
        assert_false(origin_keeps(refused[i]));
    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[ORIGIN_PATH] = '\0';
    assert_true(origin_keeps(text));
    text[ORIGIN_PATH] = 'a';
    text[ORIGIN_PATH + 1] = '\0';
    assert_false(origin_keeps(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(host_names_have_their_class, configure),
        cmocka_unit_test_setup(a_panels_origins_are_its_own, configure),
        cmocka_unit_test(bad_configuration_is_refused),
        cmocka_unit_test(origins_are_read_narrowly),
        cmocka_unit_test(a_path_keeps_its_origin_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
