/* outbound: one table of addresses, one of URLs; what is refused here is what a stranger may not reach through us. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/outbound.c"

#include <arpa/inet.h>

static bool inner(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return outbound_inner((const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return outbound_inner((const struct sockaddr *)&six);
}

static void inner_addresses(void **state)
{
    static const char *const ADDRESSES[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    };

    (void)state;
    for (size_t i = 0; i < LEN(ADDRESSES); i++) {
        if (!inner(ADDRESSES[i]))
            fail_msg("%s is taken for public", ADDRESSES[i]);
    }
}

static void public_addresses(void **state)
{
    static const char *const ADDRESSES[] = {
        "1.1.1.1",      "8.8.8.8",      "9.255.255.255",   "11.0.0.0",    "100.63.255.255", "100.128.0.0",
        "126.0.0.1",    "128.0.0.1",    "169.253.0.1",     "172.15.0.1",  "172.32.0.0",     "192.0.1.1",
        "192.167.0.1",  "192.169.0.1",  "198.17.0.1",      "198.20.0.1",  "203.0.114.1",    "223.255.255.255",
        "2000::1",      "2001:200::1",  "2001:4860::1",    "2001:db7::1", "2001:db9::1",    "2003::1",
        "2606:4700::1", "2a00:1450::1", "2620:4f:8001::1", "3ffe::1",     "3fff:1000::1",
    };

    (void)state;
    for (size_t i = 0; i < LEN(ADDRESSES); i++) {
        if (inner(ADDRESSES[i]))
            fail_msg("%s is taken for inner", ADDRESSES[i]);
    }
}

static void what_is_no_internet_address_is_inner(void **state)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};

    (void)state;
    assert_true(outbound_inner(&local));
}

static void urls_are_read_in_one_way_only(void **state)
{
    static const char *const GOOD[] = {
        "https://hooks.example.com",   "https://hooks.example.com/", "https://hooks.example.com:443/a/b?c=d&e=%20",
        "https://HOOKS.example.com?x", "https://[2606:4700::1]/x",   "https://8.8.8.8/"};
    static const char *const BAD[] = {
        "",
        "https://",
        "https:///x",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "HTTPS://example.com/",
        "//example.com/",
        "https:/example.com",
        "https://a@example.com/",
        "https://a:b@example.com/",
        "https://example.com:80/",
        "https://example.com:8443/",
        "https://example.com:0443/",
        "https://example.com:/",
        "https://example.com:4430000/",
        "https://example.com:65536/",
        "https://example.com#x",
        "https://example.com/#x",
        "https://example.com\\@inner/",
        "https://exam ple.com/",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://example.com\r\nHost: x/",
        "https://-example.com/",
        "https://.example.com/",
        "https://example.com./",
        "https://exa..mple.com/",
        "https://ex%61mple.com/",
        "https://ex\xc3\xa4mple.com/",
        "https://example.com/\xc3\xa4",
        "https://[::1",
        "https://[]/",
        "https://[::1%25eth0]/",
        "https://[zz]/",
        "https://example.com;x/",
        "https://a_b.example.com/",
        "file:///etc/passwd",
        "https://example.com|x/",
        "https://example.com/<x>",
    };

    (void)state;
    assert_true(outbound_start(""));
    for (size_t i = 0; i < LEN(GOOD); i++) {
        if (!outbound_url(GOOD[i]))
            fail_msg("%s is refused", GOOD[i]);
    }
    for (size_t i = 0; i < LEN(BAD); i++) {
        if (outbound_url(BAD[i]))
            fail_msg("%s is let through", BAD[i]);
    }
    char longest[OUTBOUND_URL + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://example.com/", 20);
    longest[OUTBOUND_URL] = '\0';
    assert_false(outbound_url(longest));
    longest[OUTBOUND_URL - 1] = '\0';
    assert_true(outbound_url(longest));
}

static void exceptions_are_exact(void **state)
{
    (void)state;
    assert_true(outbound_start(" localhost:8089  127.0.0.1 [::1]:99 hooks.localhost "));
    assert_true(outbound_url("http://localhost:8089/x"));
    assert_true(outbound_url("https://LOCALHOST:8089"));
    assert_true(outbound_excepted("https://localhost:8089/"));
    assert_false(outbound_url("http://localhost:8090/"));
    assert_false(outbound_url("http://localhost/"));
    assert_false(outbound_excepted("https://localhost/"));
    assert_true(outbound_url("http://127.0.0.1/"));
    assert_true(outbound_url("http://127.0.0.1:5/"));
    assert_false(outbound_url("http://127.0.0.11/"));
    assert_true(outbound_url("http://[::1]:99/"));
    assert_false(outbound_url("http://[::1]:98/"));
    assert_false(outbound_url("http://localhost:8089@example.com/"));
    assert_false(outbound_url("http://localhost:8089.example.com/"));
    assert_false(outbound_excepted("https://localhost.example.com/"));
    assert_false(outbound_excepted("https://xhooks.localhost/"));
    assert_true(outbound_excepted("https://hooks.localhost/"));

    static const char *const BAD[] = {"a:b", "a:0", "a:70000",     "http://a",  "a/b",
                                      ":1",  "a,b", "*.localhost", "10.0.0.0/8"};
    for (size_t i = 0; i < LEN(BAD); i++) {
        assert_false(outbound_start(BAD[i]));
        assert_false(outbound_excepted("http://a/"));
    }
    assert_true(outbound_start(""));
    assert_false(outbound_url("http://localhost:8089/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_addresses),
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(what_is_no_internet_address_is_inner),
        cmocka_unit_test(urls_are_read_in_one_way_only),
        cmocka_unit_test(exceptions_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
