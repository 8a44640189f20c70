/* totp: which time step a code belongs to, and the address that an authenticator app scans. */
#include "factors/totp.h"

#include "crypt.h"
#include "log.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DIGITS 6
#define NAME_BYTES 100
#define NAME_ENCODED (3 * NAME_BYTES + 1)

static void code_of_step(const uint8_t *secret, int64_t step, char out[static DIGITS + 1]);
static void encode_name(const char *name, char out[static NAME_ENCODED]);

int64_t totp_match(const uint8_t secret[static TOTP_SECRET], const char *code, int64_t now)
{
    int64_t matched = TOTP_NO_STEP;
    if (strlen(code) != DIGITS || now < 0)
        return matched;

    /* liboath's validate functions compare with strcmp and stop at the first hit. */
    int64_t current = now / TOTP_PERIOD;
    for (int64_t step = current - 1; step <= current + 1; step++) {
        char expected[DIGITS + 1];
        if (step < 0)
            continue;
        code_of_step(secret, step, expected);
        bool equal = crypt_equal(expected, code, DIGITS);
        matched = equal ? step : matched;
        crypt_wipe(expected, sizeof(expected));
    }
    return matched;
}

static void code_of_step(const uint8_t *secret, int64_t step, char out[static DIGITS + 1])
{
    int result = oath_totp_generate2((const char *)secret, TOTP_SECRET, (time_t)(step * TOTP_PERIOD), TOTP_PERIOD,
                                     OATH_TOTP_DEFAULT_START_TIME, DIGITS, 0, out);
    if (result != OATH_OK)
        die("totp: %s", oath_strerror(result));
}

void totp_uri(const char *issuer, const char *account, const char *secret_base32, char out[static TOTP_URI])
{
    char issuer_encoded[NAME_ENCODED], account_encoded[NAME_ENCODED];
    encode_name(issuer, issuer_encoded);
    encode_name(account, account_encoded);
    snprintf(out, TOTP_URI, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d",
             issuer_encoded, account_encoded, secret_base32, issuer_encoded, DIGITS, TOTP_PERIOD);
}

/* RFC 3986 §2.3: everything but the unreserved characters. A '+' for a space would be shown as a plus by the apps. */
static void encode_name(const char *name, char out[static NAME_ENCODED])
{
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0, len = strlen(name);
    if (len > NAME_BYTES) {
        len = NAME_BYTES;
        while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80)
            len--; /* not in the middle of a character */
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)(name[i] == ':' ? ' ' : name[i]);
        bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
        if (plain) {
            out[used++] = (char)c;
        } else {
            out[used++] = '%';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    out[used] = '\0';
}
