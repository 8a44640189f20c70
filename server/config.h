/* config: one file of `key = value` lines to values that never change afterwards.
 *
 * '#' starts a comment line; unknown and repeated keys are refused; each value is checked once by its key's type. The
 * runtime declares its keys, the product its own (struct app). Secrets are never values: keys that end in _file name a
 * file of mode 0600 or stricter.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "common.h"

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_PATH, CONFIG_SECRET_FILE, CONFIG_ORIGINS };

struct config_key {
    const char *name;
    enum config_type type;
    const char *otherwise; /* default as text; NULL: the key is needed; "" : optional */
    long min, max;         /* CONFIG_INT */
    const char *help;      /* one line for check-config and the example file */
};

bool config_load(const char *path, const struct config_key *product_keys, size_t count) MUST_USE; /* logs every fault */
bool config_parse(const char *text, size_t len) MUST_USE; /* the parser alone: what the fuzzer calls */
const char *config_text(const char *key); /* never NULL; "" when optional and absent; dies on unknown key */
long config_int(const char *key);

/* Reads the file of a secret into out (NUL-terminated, room counts the NUL). False, and logged without the contents,
 * when it is missing, too large, or readable by others than its owner. A systemd credential may be readable by its
 * group. */
bool config_secret(const char *path, char *out, size_t room, size_t *ret_len) MUST_USE;

#endif
