/* config: one file, every fault told, secrets only from closed files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/config.c"

static const struct config_key PRODUCT[] = {
    {"origins", CONFIG_ORIGINS, "", 0, 0, ""},
    {"pieces", CONFIG_INT, "3", 1, 9, ""},
    {"secret_file", CONFIG_SECRET_FILE, "", 0, 0, ""},
};

static const char NEEDED[] = "database = host=/tmp\nroot_keys = /tmp/keys\n";

static bool parse(const char *more)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "%s%s", NEEDED, more);

    entries_reset(PRODUCT, LEN(PRODUCT));
    return config_parse(text, (size_t)len);
}

static void values_defaults_comments_and_blanks(void **state)
{
    (void)state;
    assert_true(parse("# a comment\n\n   pieces=7  \n\tworkers\t=\t2\r\nlisten = unix:/run/x = y"));
    assert_int_equal(config_int("pieces"), 7);
    assert_int_equal(config_int("workers"), 2);
    assert_string_equal(config_text("listen"), "unix:/run/x = y"); /* only the first '=' divides */
    assert_string_equal(config_text("database"), "host=/tmp");
    assert_string_equal(config_text("ops_listen"), "127.0.0.1:7071");
    assert_string_equal(config_text("origins"), "");
}

static void faults_are_refused(void **state)
{
    static const char *const BAD[] = {
        "unknown = 1\n",     "pieces = 1\npieces = 1\n",
        "pieces\n",          "pieces = 0\n",
        "pieces = 10\n",     "pieces = 1x\n",
        "pieces = -1\n",     "pieces = +2\n",
        "pieces =\n",        "pieces = 99999999999999999999\n",
        "Pieces = 2\n",      "= 2\n",
        "pieces = 2 # no\n", "database = x\n",
    };

    (void)state;
    for (size_t i = 0; i < LEN(BAD); i++)
        if (parse(BAD[i]))
            fail_msg("%s was taken", BAD[i]);
    entries_reset(PRODUCT, LEN(PRODUCT));
    assert_false(config_parse("", 0)); /* database and root_keys are needed */
    assert_false(config_parse("a\0b = 1", 7));
}

static void origins_are_scheme_host_and_port(void **state)
{
    static const char *const GOOD[] = {"http://a.example", "https://{slug}.panel.example:8443 http://b:1",
                                       "https://xn--a.b"};
    static const char *const BAD[] = {"a.example",        "ftp://a",    "http://",     "http://a/b", "http://a b",
                                      "http://A.example", "http://a?x", "https://:80", "http://a:"};
    char line[256];

    (void)state;
    for (size_t i = 0; i < LEN(GOOD); i++) {
        snprintf(line, sizeof line, "origins = %s\n", GOOD[i]);
        assert_true(parse(line));
    }
    for (size_t i = 0; i < LEN(BAD); i++) {
        snprintf(line, sizeof line, "origins = %s\n", BAD[i]);
        if (parse(line))
            fail_msg("%s was taken", BAD[i]);
    }
}

static void write_file(const char *path, mode_t mode, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void secrets_come_from_closed_files_only(void **state)
{
    static const char PATH[] = "/tmp/tillgate-test-secret";
    char out[8];
    size_t len = 99;

    (void)state;
    write_file(PATH, 0600, "abc", 3);
    assert_true(config_secret(PATH, out, sizeof out, &len));
    assert_int_equal(len, 3);
    assert_string_equal(out, "abc");
    write_file(PATH, 0644, "abc", 3);
    assert_false(config_secret(PATH, out, sizeof out, &len));
    write_file(PATH, 0600, "12345678", 8);
    assert_false(config_secret(PATH, out, sizeof out, &len)); /* no room for the NUL */
    unlink(PATH);
    assert_false(config_secret(PATH, out, sizeof out, &len));
    assert_false(config_secret("/tmp", out, sizeof out, &len));
    assert_false(config_secret("/dev/null", out, sizeof out, &len));
}

static void a_systemd_credential_may_be_readable_by_its_group(void **state)
{
    char out[8];
    size_t len;

    (void)state;
    write_file("/tmp/tillgate-test-secret", 0440, "abc", 3);
    assert_false(config_secret("/tmp/tillgate-test-secret", out, sizeof out, &len));
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    assert_true(config_secret("/tmp/tillgate-test-secret", out, sizeof out, &len));
    chmod("/tmp/tillgate-test-secret", 0444);
    assert_false(config_secret("/tmp/tillgate-test-secret", out, sizeof out, &len));
    setenv("CREDENTIALS_DIRECTORY", "/tm", 1);
    chmod("/tmp/tillgate-test-secret", 0440);
    assert_false(config_secret("/tmp/tillgate-test-secret", out, sizeof out, &len));
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink("/tmp/tillgate-test-secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_defaults_comments_and_blanks),
        cmocka_unit_test(faults_are_refused),
        cmocka_unit_test(origins_are_scheme_host_and_port),
        cmocka_unit_test(secrets_come_from_closed_files_only),
        cmocka_unit_test(a_systemd_credential_may_be_readable_by_its_group),
    };
    int failed;

    log_level_set(LOG_ERROR + 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    entries_reset(NULL, 0);
    return failed;
}
