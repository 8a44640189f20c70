/* platform_keys: the operator's subcommand that makes, lists and revokes the keys of the platform's backend. */
#include "provisioning/provisioning.h"

#include "config.h"
#include "db.h"
#include "key_text.h"
#include "scopes.h"
#include "settings.h"
#include "text.h"

struct options {
    const char *name;
    const char *key; /* TypeID to revoke */
    const char *config;
    bool test;
    bool scoped, scope[SCOPES_MOST]; /* which of SCOPES; not scoped: all */
};

static bool read_options(int argc, char **argv, struct options *ret);
static size_t scopes_text(const struct options *options, char *out, size_t room);
static int create(const struct options *options);
static int list(void);
static int revoke(const struct options *options);
static bool add_scope(struct options *options, const char *scope);
static int usage(void);

int platform_keys_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "platform-key") != 0)
        return -1;
    struct options options = {0};
    if (argc < 4 || !read_options(argc - 3, argv + 3, &options))
        return usage();
    if (!config_load(options.config, SETTINGS, SETTING_COUNT))
        return 1;
    if (!*config_text("operator_database")) {
        fprintf(stderr, "tillgate: operator_database is not configured in %s\n", options.config);
        return 1;
    }
    if (strcmp(argv[2], "create") == 0 && options.name)
        return create(&options);
    if (strcmp(argv[2], "list") == 0 && !options.name && !options.key)
        return list();
    if (strcmp(argv[2], "revoke") == 0 && options.key)
        return revoke(&options);
    return usage();
}

/* --name NAME, --test, --scope SCOPE (as often as wanted), --key KEY, and the configuration file as the one plain word. */
static bool read_options(int argc, char **argv, struct options *ret)
{
    for (int i = 0; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--name") == 0 && more)
            ret->name = argv[++i];
        else if (strcmp(argv[i], "--key") == 0 && more)
            ret->key = argv[++i];
        else if (strcmp(argv[i], "--scope") == 0 && more) {
            if (!add_scope(ret, argv[++i]))
                return false;
        } else if (strcmp(argv[i], "--test") == 0)
            ret->test = true;
        else if (argv[i][0] != '-' && !ret->config)
            ret->config = argv[i];
        else
            return false;
    }
    return ret->config != NULL;
}

static bool add_scope(struct options *options, const char *scope)
{
    for (size_t i = 0; SCOPES[i]; i++) {
        if (strcmp(SCOPES[i], scope) == 0)
            return options->scoped = options->scope[i] = true;
    }
    fprintf(stderr, "tillgate: %s is no scope; there are", scope);
    for (size_t i = 0; SCOPES[i]; i++)
        fprintf(stderr, " %s", SCOPES[i]);
    fprintf(stderr, "\n");
    return false;
}

/* As JSON; without NUL. */
static size_t scopes_text(const struct options *options, char *out, size_t room)
{
    json_t *scopes = json_array();
    for (size_t i = 0; SCOPES[i]; i++) {
        if (!options->scoped || options->scope[i])
            json_array_append_new(scopes, json_string(SCOPES[i]));
    }
    size_t len = json_dumpb(scopes, out, room, JSON_COMPACT);
    json_decref(scopes);
    return len;
}

static int create(const struct options *options)
{
    struct key_text key;
    uint8_t id[16];
    char scopes[512]; /* more than all of them */
    const char *mode = options->test ? "test" : "live";
    if (!*options->name || strlen(options->name) > 80) {
        fprintf(stderr, "tillgate: a key's name has 1 to 80 characters\n");
        return 1;
    }
    size_t len = scopes_text(options, scopes, sizeof(scopes));
    text_uuid7(id);
    key_text_draw(mode, NULL, &key);
    json_t *made = db_once(config_text("operator_database"), "operator.platform_key_create",
                           ARGS(db_uuid(id), db_text(options->name), db_text(mode), db_bytes(key.hash, CRYPT_MAC),
                                db_text(key.prefix), (struct db_arg){.type = DB_JSON, .bytes = scopes, .len = len}));
    if (made)
        printf("%s\n", key.text); /* the only time that it is seen */
    crypt_wipe(&key, sizeof(key));
    json_decref(made);
    return made ? 0 : 1;
}

static int list(void)
{
    size_t i, n;
    json_t *key, *scope;
    json_t *answer = db_once(config_text("operator_database"), "operator.platform_key_list", ARGS());
    json_array_foreach(json_object_get(answer, "items"), i, key)
    {
        const char *revoked = json_string_value(json_object_get(key, "revoked_at"));
        const char *used = json_string_value(json_object_get(key, "last_used_at"));
        printf("%s  %s…  %s  made %s  last used %s%s%s ", json_string_value(json_object_get(key, "id")),
               json_string_value(json_object_get(key, "prefix")), json_string_value(json_object_get(key, "name")),
               json_string_value(json_object_get(key, "created_at")), used ? used : "never",
               revoked ? "  revoked " : "", revoked ? revoked : "");
        json_array_foreach(json_object_get(key, "scopes"), n, scope) printf(" %s", json_string_value(scope));
        printf("\n");
    }
    json_decref(answer);
    return answer ? 0 : 1;
}

static int revoke(const struct options *options)
{
    uint8_t id[16];
    if (!text_untypeid("key", options->key, id)) {
        fprintf(stderr, "tillgate: %s is not the id of a key; see platform-key list\n", options->key);
        return 1;
    }
    json_t *answer = db_once(config_text("operator_database"), "operator.platform_key_revoke", ARGS(db_uuid(id)));
    bool revoked = json_is_object(answer);
    fprintf(stderr, revoked ? "tillgate: revoked\n" : "tillgate: no such key\n");
    json_decref(answer);
    return revoked ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: tillgate platform-key create --name NAME [--test] [--scope SCOPE]... CONFIG\n"
                    "       tillgate platform-key list CONFIG\n"
                    "       tillgate platform-key revoke --key KEY CONFIG\n");
    return 2;
}
