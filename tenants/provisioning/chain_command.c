/* chain_command: the subcommands that verify ledgers and audit trails: in the database, or in a file, which needs no
 * server at all. They name the first bad line of each chain and repair nothing. */
#include "provisioning/provisioning.h"

#include "chain.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "settings.h"
#include "text.h"

#include <errno.h>

/* What a subcommand is about. */
static const struct subject {
    const char *word;     /* tillgate WORD verify */
    const char *function; /* what the operator's role calls */
    const struct chain_kind *kind;
} SUBJECTS[] = {
    {"ledger", "operator.ledger_verify", &CHAIN_LEDGER},
    {"audit", "operator.audit_verify", &CHAIN_EVENTS},
};

/* A file being verified: lines of one chain, or an export, which may have both and begin anywhere. */
struct reading {
    const struct subject *subject;
    struct chain chain[LEN(SUBJECTS)]; /* as SUBJECTS; only that of `subject` unless it is an export */
    bool is_export, ended;
    long long erased;
    json_t *certificate; /* of an erasure that the file must confirm, or NULL */
    bool confirmed;
};

static int verify(const struct subject *subject, const char *config, const char *tenant, const char *anchors);
static json_t *read_anchors(const char *path, const char *chain);
static bool print_verdict(json_t *store);
static int verify_file(const struct subject *subject, const char *path, const char *tenant, const char *certificate);
static bool has_more(FILE *file);
static bool take_value(struct reading *reading, json_t *value);
static bool take_export(struct reading *reading, const char *kind, json_t *item);
static bool take_end(struct reading *reading, json_t *item);
static bool take_line(struct reading *reading, struct chain *chain, json_t *line);
static bool take_erased(struct reading *reading, json_t *line);
static bool proves(json_t *certificate, json_t *line);
static bool print_end(const struct reading *reading);
static int usage(void);

int chain_command(int argc, char **argv)
{
    const struct subject *subject = NULL;
    const char *anchors = NULL, *certificate = NULL;
    for (size_t i = 0; argc >= 2 && i < LEN(SUBJECTS); i++)
        subject = strcmp(argv[1], SUBJECTS[i].word) == 0 ? &SUBJECTS[i] : subject;
    if (!subject)
        return -1;
    if (argc >= 6 && strcmp(argv[argc - 2], "--anchor") == 0) {
        anchors = argv[argc - 1];
        argc -= 2;
    } else if (argc >= 6 && strcmp(argv[argc - 2], "--certificate") == 0) {
        certificate = argv[argc - 1];
        argc -= 2;
    }
    if ((argc == 4 || argc == 5) && strcmp(argv[2], "verify") == 0 && !certificate)
        return verify(subject, argv[3], argc == 5 ? argv[4] : NULL, anchors);
    if ((argc == 4 || argc == 5) && strcmp(argv[2], "verify-file") == 0 && !anchors)
        return verify_file(subject, argv[3], argc == 5 ? argv[4] : NULL, certificate);
    return usage();
}

/* ---- in the database ---- */

/* The database recomputes every chain, and compares its length with the head that it keeps apart, and its lines with
 * the anchors that the server wrote to its log. */
static int verify(const struct subject *subject, const char *config, const char *tenant, const char *anchor_file)
{
    uint8_t id[16];
    size_t i;
    json_t *store, *anchors = NULL;
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
    if (anchor_file && !(anchors = read_anchors(anchor_file, subject->kind->name)))
        return 2;
    char *text = anchors ? json_dumps(anchors, JSON_COMPACT) : NULL;
    /* a long chain takes longer than the role's own statements may */
    char conninfo[1024];
    snprintf(conninfo, sizeof(conninfo), "%s options='-c statement_timeout=0'", config_text("operator_database"));
    json_t *answer = db_once(conninfo, subject->function, ARGS(db_uuid(tenant ? id : NULL), db_text(text)));
    json_array_foreach(json_object_get(answer, "items"), i, store)
    {
        good = print_verdict(store) && good;
    }
    good = good && json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    json_decref(anchors);
    free(text);
    return good ? 0 : 1;
}

/* From a log of the server, kept elsewhere: one JSON object a line; those of event "chain_head" and of this chain count.
 */
static json_t *read_anchors(const char *path, const char *chain)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");
    json_t *anchors = json_array();
    if (!file) {
        fprintf(stderr, "tillgate: %s: %s\n", path, strerror(errno));
        json_decref(anchors);
        return NULL;
    }
    while (getline(&line, &room, file) >= 0) {
        const char *object = strchr(line, '{'); /* journals put words of their own before it */
        json_t *entry = object ? json_loads(object, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
        const char *event = json_string_value(json_object_get(entry, "event"));
        const char *of = json_string_value(json_object_get(entry, "chain"));
        if (event && strcmp(event, "chain_head") == 0 && of && strcmp(of, chain) == 0)
            json_array_append(anchors, entry);
        json_decref(entry);
    }
    free(line);
    fclose(file);
    return anchors;
}

static bool print_verdict(json_t *store)
{
    bool good = json_is_true(json_object_get(store, "ok"));
    const char *tenant = json_string_value(json_object_get(store, "tenant"));
    long long lines = (long long)json_integer_value(json_object_get(store, "lines"));
    if (good)
        printf("%s  %lld lines  good\n", tenant, lines);
    else
        printf("%s  line %lld  %s\n", tenant, (long long)json_integer_value(json_object_get(store, "line")),
               json_string_value(json_object_get(store, "why")));
    return good;
}

/* ---- in a file ---- */

/* A file of one JSON value or of many, one behind the other: pages of a list, lists of lines, lines, or an export. */
static int verify_file(const struct subject *subject, const char *path, const char *tenant, const char *certificate)
{
    struct reading reading = {.subject = subject};
    json_error_t error;
    json_t *value;
    bool good = true;
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "tillgate: %s: %s\n", path, strerror(errno));
        return 2;
    }
    if (certificate && !(reading.certificate = json_load_file(certificate, JSON_REJECT_DUPLICATES, &error))) {
        fprintf(stderr, "tillgate: %s: %s\n", certificate, error.text);
        fclose(file);
        return 2;
    }
    for (size_t i = 0; i < LEN(SUBJECTS); i++)
        chain_start(&reading.chain[i], SUBJECTS[i].kind, tenant, true);
    while (good && has_more(file)) {
        value = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
        good = value && take_value(&reading, value);
        if (!value)
            printf("behind line %lld: no JSON: %s\n", (long long)reading.chain[subject - SUBJECTS].line, error.text);
        json_decref(value);
    }
    good = good && !ferror(file) && print_end(&reading);
    json_decref(reading.certificate);
    fclose(file);
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

static bool take_value(struct reading *reading, json_t *value)
{
    size_t i;
    json_t *line;
    json_t *item = json_object_get(value, "item");
    if (json_is_object(item))
        return take_export(reading, json_string_value(json_object_get(value, "kind")), item);
    json_t *list = json_is_array(value) ? value : json_object_get(value, "items");
    struct chain *chain = &reading->chain[reading->subject - SUBJECTS];
    if (!list)
        return take_line(reading, chain, value);
    json_array_foreach(list, i, line)
    {
        if (!take_line(reading, chain, line))
            return false;
    }
    return true;
}

/* An export says at its beginning whose it is, and at its end how far its chains went. */
static bool take_export(struct reading *reading, const char *kind, json_t *item)
{
    kind = kind ? kind : "";
    if (reading->ended) {
        printf("something follows the end of the export\n");
        return false;
    }
    if (strcmp(kind, "export") == 0) {
        reading->is_export = true;
        for (size_t i = 0; i < LEN(SUBJECTS); i++)
            chain_start(&reading->chain[i], SUBJECTS[i].kind, json_string_value(json_object_get(item, "tenant")),
                        false);
    }
    if (strcmp(kind, "end") == 0)
        return take_end(reading, item);
    if (strcmp(kind, "ledger") == 0)
        return take_line(reading, &reading->chain[0], item);
    if (strcmp(kind, "event") == 0)
        return take_line(reading, &reading->chain[1], item);
    return true;
}

static bool take_end(struct reading *reading, json_t *item)
{
    reading->ended = true;
    for (size_t i = 0; i < LEN(SUBJECTS); i++) {
        const struct chain *chain = &reading->chain[i];
        json_t *head = json_object_get(json_object_get(item, "heads"), chain->kind->name);
        int64_t line = json_integer_value(json_object_get(head, "line"));
        if (line > chain->line) {
            printf("%s line %lld: it is missing\n", chain->kind->name, (long long)chain->line + 1);
            return false;
        }
    }
    return true;
}

static bool take_line(struct reading *reading, struct chain *chain, json_t *line)
{
    const char *wrong = chain_take(chain, line);
    json_t *number = json_object_get(line, "line");
    if (wrong)
        printf("%s%sline %lld: %s\n", reading->is_export ? chain->kind->name : "", reading->is_export ? " " : "",
               (long long)(json_is_integer(number) ? json_integer_value(number) : chain->line + 1), wrong);
    else if (json_is_string(json_object_get(line, "person_hash")) && json_is_null(json_object_get(line, "person")))
        reading->erased++;
    return !wrong && (!reading->certificate || take_erased(reading, line));
}

/* What concerns the erased user has nothing personal in it; the erasure itself says what the certificate says. */
static bool take_erased(struct reading *reading, json_t *line)
{
    const char *erased = json_string_value(json_object_get(reading->certificate, "user"));
    const char *user = json_string_value(json_object_get(line, "user"));
    const char *actor = json_string_value(json_object_get(line, "actor"));
    if (!erased || !((user && strcmp(user, erased) == 0) || (actor && strcmp(actor, erased) == 0)))
        return true;
    if (json_is_object(json_object_get(line, "person"))) {
        printf("line %lld: it still says who %s was\n", (long long)json_integer_value(json_object_get(line, "line")),
               erased);
        return false;
    }
    reading->confirmed = reading->confirmed || proves(reading->certificate, line);
    return true;
}

static bool proves(json_t *certificate, json_t *line)
{
    uint8_t hash[CRYPT_MAC];
    char hex[2 * CRYPT_MAC + 1], *text = NULL;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *proof = json_string_value(json_object_get(json_object_get(line, "detail"), "proof"));
    const char *tenant = json_string_value(json_object_get(certificate, "tenant"));
    const char *user = json_string_value(json_object_get(certificate, "user"));
    const char *at = json_string_value(json_object_get(certificate, "erased_at"));
    json_t *counts = json_object_get(certificate, "counts");
    char *counted = json_is_object(counts) ? chain_jsonb(counts) : NULL;
    bool good = kind && strcmp(kind, "user_erased") == 0 && proof && tenant && at && counted;
    if (good && asprintf(&text, "tillgate erasure 1|%s|%s|%s|%s", tenant, user, at, counted) >= 0) {
        crypt_hash(text, strlen(text), hash);
        text_hex(hash, sizeof(hash), hex);
        good = strcmp(hex, proof) == 0;
        free(text);
    }
    free(counted);
    return good;
}

static bool print_end(const struct reading *reading)
{
    if (reading->is_export && !reading->ended) {
        printf("the end of the export is missing\n");
        return false;
    }
    if (reading->certificate && !reading->confirmed) {
        printf("the erasure that the certificate tells of is not in the file\n");
        return false;
    }
    if (reading->certificate)
        printf("the certificate is confirmed\n");
    if (reading->erased)
        printf("what was personal in %lld lines is erased\n", reading->erased);
    for (size_t i = 0; i < LEN(SUBJECTS); i++) {
        if (reading->is_export && reading->chain[i].line)
            printf("%s good up to line %lld\n", reading->chain[i].kind->name, (long long)reading->chain[i].line);
    }
    if (!reading->is_export)
        printf("good up to line %lld\n", (long long)reading->chain[reading->subject - SUBJECTS].line);
    return true;
}

static int usage(void)
{
    fprintf(stderr, "usage: tillgate ledger|audit verify CONFIG [TENANT] [--anchor LOG]\n"
                    "       tillgate ledger|audit verify-file FILE [TENANT] [--certificate FILE]\n");
    return 2;
}
