/* ledger_command: the subcommand that verifies ledgers: in the database, or in a file, which needs no server at all. */
#include "provisioning/provisioning.h"

#include "config.h"
#include "db.h"
#include "ledger_chain.h"
#include "settings.h"
#include "text.h"

#include <errno.h>

static int verify(const char *config, const char *tenant);
static bool print_verdict(json_t *ledger);
static int verify_file(const char *path, const char *tenant);
static bool has_more(FILE *file);
static bool take_value(struct ledger_chain *chain, json_t *value);
static bool take_line(struct ledger_chain *chain, json_t *line);
static int usage(void);

int ledger_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "ledger") != 0)
        return -1;
    if ((argc == 4 || argc == 5) && strcmp(argv[2], "verify") == 0)
        return verify(argv[3], argc == 5 ? argv[4] : NULL);
    if ((argc == 4 || argc == 5) && strcmp(argv[2], "verify-file") == 0)
        return verify_file(argv[3], argc == 5 ? argv[4] : NULL);
    return usage();
}

/* The database recomputes every chain, and compares its length with the head that it keeps apart. */
static int verify(const char *config, const char *tenant)
{
    uint8_t id[16];
    size_t i;
    json_t *ledger;
    bool good = true;
    if (tenant && !text_untypeid("tenant", tenant, id)) {
        fprintf(stderr, "tillgate: %s is not the id of a store\n", tenant);
        return 2;
    }
    if (!config_load(config, SETTINGS, SETTING_COUNT))
        return 1;
    if (!*config_text("operator_database")) {
        fprintf(stderr, "tillgate: operator_database is not configured in %s\n", config);
        return 1;
    }
    /* a long ledger takes longer than the role's own statements may */
    char conninfo[1024];
    snprintf(conninfo, sizeof(conninfo), "%s options='-c statement_timeout=0'", config_text("operator_database"));
    json_t *answer = db_once(conninfo, "operator.ledger_verify", ARGS(db_uuid(tenant ? id : NULL)));
    json_array_foreach(json_object_get(answer, "items"), i, ledger)
    {
        good = print_verdict(ledger) && good;
    }
    good = good && json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    return good ? 0 : 1;
}

static bool print_verdict(json_t *ledger)
{
    bool good = json_is_true(json_object_get(ledger, "ok"));
    const char *tenant = json_string_value(json_object_get(ledger, "tenant"));
    long long lines = (long long)json_integer_value(json_object_get(ledger, "lines"));
    if (good)
        printf("%s  %lld lines  good\n", tenant, lines);
    else
        printf("%s  line %lld  %s\n", tenant, (long long)json_integer_value(json_object_get(ledger, "line")),
               json_string_value(json_object_get(ledger, "why")));
    return good;
}

/* A file of one JSON value or of many, one behind the other: pages of GET …/ledger, lists of lines, or lines. */
static int verify_file(const char *path, const char *tenant)
{
    struct ledger_chain chain;
    json_error_t error;
    json_t *value;
    bool good = true;
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "tillgate: %s: %s\n", path, strerror(errno));
        return 2;
    }
    ledger_chain_start(&chain, tenant);
    while (good && has_more(file)) {
        value = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
        good = value && take_value(&chain, value);
        if (!value)
            printf("behind line %lld: no JSON: %s\n", (long long)chain.line, error.text);
        json_decref(value);
    }
    good = good && !ferror(file);
    fclose(file);
    if (good)
        printf("good up to line %lld\n", (long long)chain.line);
    return good ? 0 : 1;
}

static bool has_more(FILE *file)
{
    int c;
    do {
        c = getc(file);
    } while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
    return c != EOF && ungetc(c, file) != EOF;
}

static bool take_value(struct ledger_chain *chain, json_t *value)
{
    size_t i;
    json_t *line;
    json_t *list = json_is_array(value) ? value : json_object_get(value, "items");
    if (!list)
        return take_line(chain, value);
    json_array_foreach(list, i, line)
    {
        if (!take_line(chain, line))
            return false;
    }
    return true;
}

static bool take_line(struct ledger_chain *chain, json_t *line)
{
    const char *wrong = ledger_chain_take(chain, line);
    json_t *number = json_object_get(line, "line");
    if (wrong)
        printf("line %lld: %s\n", (long long)(json_is_integer(number) ? json_integer_value(number) : chain->line + 1),
               wrong);
    return !wrong;
}

static int usage(void)
{
    fprintf(stderr, "usage: tillgate ledger verify CONFIG [TENANT]\n"
                    "       tillgate ledger verify-file FILE [TENANT]\n");
    return 2;
}
