/* code: drawing, reading and binding the codes that people type. */
#include "factors/code.h"

#include "factors/backup_code.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool six_digits(const char *text);

void code_draw(char out[static CODE_TEXT])
{
    snprintf(out, CODE_TEXT, "%06u", (unsigned)crypt_uniform(1000000));
}

enum code_shape code_read(const char *text, char out[static CODE_READ])
{
    if (six_digits(text)) {
        snprintf(out, CODE_READ, "%s", text);
        return CODE_SIX_DIGITS;
    }
    return backup_code_read(text, out) ? CODE_BACKUP : CODE_MALFORMED;
}

/* ASCII digits only: other scripts' digits are another byte sequence and never equal the code that was sent. */
static bool six_digits(const char *text)
{
    return strlen(text) == CODE_DIGITS && strspn(text, "0123456789") == CODE_DIGITS;
}

void code_mac(int version, const uint8_t *tenant, const uint8_t *challenge, const uint8_t *user, const char *purpose,
              const char *code, uint8_t ret[static CRYPT_MAC])
{
    uint8_t bound[2 + 16 + 16 + 64];
    size_t used = 0;
    size_t purpose_len = strlen(purpose) + 1; /* the NUL is the separator */
    size_t code_len = strlen(code);
    assert(purpose_len + code_len <= 64);

    memcpy(bound, "v1", 2);
    used += 2;
    memcpy(bound + used, challenge, 16);
    used += 16;
    memcpy(bound + used, user, 16);
    used += 16;
    memcpy(bound + used, purpose, purpose_len);
    used += purpose_len;
    memcpy(bound + used, code, code_len);
    used += code_len;
    crypt_mac(version, tenant, "otp-mac", bound, used, ret);
    crypt_wipe(bound, sizeof(bound));
}
