/* key_text: drawing API keys. */
#include "key_text.h"

#include "text.h"

void key_text_draw(const char *mode, const uint8_t *tenant, struct key_text *ret)
{
    uint8_t bytes[32];
    char secret[44], owner[27] = "";
    crypt_random(bytes, sizeof(bytes));
    text_base64url(bytes, sizeof(bytes), secret);
    if (tenant)
        text_typeid_suffix(tenant, owner);
    const char *kind = tenant ? "tgt" : "tgp";
    snprintf(ret->text, sizeof(ret->text), "%s_%s_%s%s", kind, mode, owner, secret);
    snprintf(ret->prefix, sizeof(ret->prefix), "%s_%s_%.6s", kind, mode, secret);
    crypt_hash(ret->text, strlen(ret->text), ret->hash);
    crypt_wipe(bytes, sizeof(bytes));
    crypt_wipe(secret, sizeof(secret));
}
