/* Any bytes as a code: what is read is six digits or ten letters of base32, and reads again as itself. */
#include <stddef.h>
#include <stdint.h>

#include "tenants/factors/code.h"
#include "tenants/factors/totp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const uint8_t secret[TOTP_SECRET];
    char *text = malloc(len + 1), out[CODE_READ] = "", again[CODE_READ] = "", uri[TOTP_URI];
    memcpy(text, bytes, len);
    text[len] = '\0';
    enum code_shape shape = code_read(text, out);
    if (shape == CODE_SIX_DIGITS && (strcmp(out, text) != 0 || strspn(out, "0123456789") != 6 || out[6]))
        abort();
    if (shape == CODE_BACKUP && (strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != 10 || out[10]))
        abort();
    if (shape != CODE_MALFORMED && (code_read(out, again) != shape || strcmp(out, again) != 0))
        abort();
    if (shape == CODE_MALFORMED && out[0])
        abort();
    totp_match(secret, text, (int64_t)len * 30);
    totp_uri(text, text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri);
    free(text);
    return 0;
}
