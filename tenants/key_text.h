/* key_text: the text of an API key: kind, mode, for a store's key its tenant, and 256 random bits. Only its SHA-256 is
 * stored. */
#ifndef TENANTS_KEY_TEXT_H
#define TENANTS_KEY_TEXT_H

#include "crypt.h"

#define KEY_TEXT 96   /* room for "tgt_live_", 26 + 43 characters and NUL */
#define KEY_PREFIX 24 /* room for what may be shown later: kind, mode and the first six characters of the secret */

struct key_text {
    char text[KEY_TEXT];
    char prefix[KEY_PREFIX];
    uint8_t hash[CRYPT_MAC];
};

/* Draws "tgp_live_…" (tenant NULL) or "tgt_live_…" of that tenant; `mode` is "live" or "test". Wipe it after use. */
void key_text_draw(const char *mode, const uint8_t *tenant, struct key_text *ret);

#endif
