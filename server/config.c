/* config: reads the one configuration file, tells every fault in it, and keeps the values for good. */
#include "config.h"
#include "crypt.h"
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_key RUNTIME_KEYS[] = {
    {"listen", CONFIG_TEXT, "127.0.0.1:7070", 0, 0, "address:port or unix:/path; systemd's LISTEN_FDS goes before it"},
    {"ops_listen", CONFIG_TEXT, "127.0.0.1:7071", 0, 0, "health, readiness and metrics; loopback only"},
    {"workers", CONFIG_INT, "0", 0, 256, "worker processes; 0: one per core"},
    {"database", CONFIG_TEXT, NULL, 0, 0, "libpq conninfo of the server's role"},
    {"root_keys", CONFIG_SECRET_FILE, NULL, 0, 0, "lines of VERSION HEX64; the highest version seals"},
    {"web_root", CONFIG_PATH, "", 0, 0, "folder of the built panel"},
    {"trusted_proxy", CONFIG_TEXT, "", 0, 0, "address whose X-Real-IP is believed; peers on a Unix socket always are"},
    {"max_in_flight", CONFIG_INT, "512", 1, 100000, "requests under way per worker; above: 503"},
    {"max_connections", CONFIG_INT, "5000", 1, 100000, "connections per worker"},
    {"log_level", CONFIG_TEXT, "info", 0, 0, "debug, info, warn or error"},
};

#define MOST_KEYS 64
#define MOST_BYTES (64 * 1024)

static struct {
    const struct config_key *key;
    char *value; /* NULL: not in the file */
} entries[MOST_KEYS];
static size_t entry_count;

static void entries_reset(const struct config_key *product_keys, size_t count);
static bool line_take(const char *line, size_t len, int number);
static bool values_check(void);
static bool files_check(void);
static bool fault(const char *key, const char *why, int line);

bool config_load(const char *path, const struct config_key *product_keys, size_t count)
{
    char *text = malloc(MOST_BYTES + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, MOST_BYTES + 1);
    bool good = false;

    if (!text)
        die("no memory");
    if (len < 0)
        log_event(LOG_ERROR, NULL, "config_unreadable", L_TEXT("path", path), L_TEXT("why", strerror(errno)));
    else if (len > MOST_BYTES)
        log_event(LOG_ERROR, NULL, "config_too_large", L_TEXT("path", path));
    else {
        entries_reset(product_keys, count);
        good = config_parse(text, (size_t)len) && files_check();
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return good;
}

static void entries_reset(const struct config_key *product_keys, size_t count)
{
    for (size_t i = 0; i < entry_count; i++)
        free(entries[i].value);
    memset(entries, 0, sizeof entries);
    entry_count = 0;
    if (LEN(RUNTIME_KEYS) + count > MOST_KEYS)
        die("more than %d configuration keys", MOST_KEYS);
    for (size_t i = 0; i < LEN(RUNTIME_KEYS); i++)
        entries[entry_count++].key = &RUNTIME_KEYS[i];
    for (size_t i = 0; i < count; i++)
        entries[entry_count++].key = &product_keys[i];
}

bool config_parse(const char *text, size_t len)
{
    bool good = true;
    int number = 0;

    if (entry_count == 0)
        entries_reset(NULL, 0);
    for (size_t i = 0; i < entry_count; i++) {
        free(entries[i].value);
        entries[i].value = NULL;
    }
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line_len = end ? (size_t)(end - text) - at : len - at;
        good = line_take(text + at, line_len, ++number) && good;
        at += line_len + 1;
    }
    return values_check() && good;
}

/* The part of a line between blanks. */
static void trim(const char **start, size_t *len)
{
    while (*len && isspace((unsigned char)**start)) {
        (*start)++;
        (*len)--;
    }
    while (*len && isspace((unsigned char)(*start)[*len - 1]))
        (*len)--;
}

static bool line_take(const char *line, size_t len, int number)
{
    const char *equals, *value;
    size_t key_len, value_len;

    trim(&line, &len);
    if (len == 0 || *line == '#')
        return true;
    if (memchr(line, '\0', len))
        return fault("", "NUL byte", number);
    equals = memchr(line, '=', len);
    if (!equals)
        return fault("", "not `key = value`", number);
    value = equals + 1;
    value_len = len - (size_t)(value - line);
    key_len = (size_t)(equals - line);
    trim(&line, &key_len);
    trim(&value, &value_len);
    for (size_t i = 0; i < entry_count; i++) {
        const char *name = entries[i].key->name;
        if (strlen(name) != key_len || memcmp(name, line, key_len) != 0)
            continue;
        if (entries[i].value)
            return fault(name, "repeated key", number);
        entries[i].value = strndup(value, value_len);
        return true;
    }
    return fault("", "unknown key", number);
}

static bool fault(const char *key, const char *why, int line)
{
    log_event(LOG_ERROR, NULL, "config_fault", L_TEXT("key", key), L_TEXT("why", why), L_INT("line", line));
    return false;
}

/* ---- values ---- */

/* scheme://host[:port], host may hold the placeholder {slug}; nothing behind. */
static bool is_origin(const char *origin, size_t len)
{
    static const char SIGNS[] = "abcdefghijklmnopqrstuvwxyz0123456789.-{}:";
    size_t scheme = len > 8 && memcmp(origin, "https://", 8) == 0  ? 8
                    : len > 7 && memcmp(origin, "http://", 7) == 0 ? 7
                                                                   : 0;

    if (scheme == 0)
        return false;
    for (size_t i = scheme; i < len; i++)
        if (!origin[i] || !strchr(SIGNS, origin[i]))
            return false;
    return origin[scheme] != ':' && origin[len - 1] != ':';
}

static bool are_origins(const char *value)
{
    for (size_t len; *value; value += len) {
        value += strspn(value, " \t");
        len = strcspn(value, " \t");
        if (len && !is_origin(value, len))
            return false;
    }
    return true;
}

static bool is_int(const char *value, long min, long max)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(value, &end, 10);
    return isdigit((unsigned char)*value) && *end == '\0' && errno == 0 && number >= min && number <= max;
}

static bool values_check(void)
{
    bool good = true;

    for (size_t i = 0; i < entry_count; i++) {
        const struct config_key *key = entries[i].key;
        const char *value = entries[i].value ? entries[i].value : key->otherwise;
        if (!value || (!*value && !key->otherwise))
            good = fault(key->name, "is needed", 0);
        else if (key->type == CONFIG_INT && !is_int(value, key->min, key->max))
            good = fault(key->name, "not a number within its bounds", 0);
        else if (key->type == CONFIG_ORIGINS && !are_origins(value))
            good = fault(key->name, "not a list of scheme://host[:port]", 0);
    }
    return good;
}

/* What a look at the disk can tell; secrets are looked at, not kept. */
static bool files_check(void)
{
    bool good = true;

    for (size_t i = 0; i < entry_count; i++) {
        const struct config_key *key = entries[i].key;
        const char *value = config_text(key->name);
        char scratch[4096];
        size_t len;
        if (!*value)
            continue;
        if (key->type == CONFIG_PATH && access(value, R_OK) != 0)
            good = fault(key->name, strerror(errno), 0);
        if (key->type == CONFIG_SECRET_FILE) {
            good = config_secret(value, scratch, sizeof scratch, &len) && good;
            crypt_wipe(scratch, sizeof scratch);
        }
    }
    return good;
}

/* systemd shows a credential as 0440 because of the ACL that lets the service's user read it. */
static mode_t forbidden_bits(const char *path)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    size_t len = credentials ? strlen(credentials) : 0;

    return len && strncmp(path, credentials, len) == 0 && path[len] == '/' ? 0037 : 0077;
}

bool config_secret(const char *path, char *out, size_t room, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    const char *why = NULL;
    ssize_t len = 0;

    if (fd < 0 || fstat(fd, &about) != 0)
        why = strerror(errno);
    else if (!S_ISREG(about.st_mode))
        why = "not a file";
    else if (about.st_mode & forbidden_bits(path))
        why = "others can read it: chmod 600";
    else if ((len = read(fd, out, room)) < 0)
        why = strerror(errno);
    else if ((size_t)len == room)
        why = "too large";
    if (fd >= 0)
        close(fd);
    if (why) {
        log_event(LOG_ERROR, NULL, "secret_refused", L_TEXT("path", path), L_TEXT("why", why));
        return false;
    }
    out[len] = '\0';
    *ret_len = (size_t)len;
    return true;
}

/* ---- reading ---- */

const char *config_text(const char *key)
{
    for (size_t i = 0; i < entry_count; i++)
        if (strcmp(entries[i].key->name, key) == 0)
            return entries[i].value ? entries[i].value : entries[i].key->otherwise;
    die("no configuration key %s", key);
}

long config_int(const char *key)
{
    return strtol(config_text(key), NULL, 10);
}
