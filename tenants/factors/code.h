/* code: the codes that travel by text, and the one field that takes whatever kind of code the user has.
 *
 * A texted code is six decimal digits, uniform over 000000..999999 (security.md OOB-1), kept only as a MAC that binds
 * it to tenant, user, purpose and challenge, and sealed for the sender until it has left.
 */
#ifndef TENANTS_CODE_H
#define TENANTS_CODE_H

#include "crypt.h"

#define CODE_DIGITS 6
#define CODE_TEXT (CODE_DIGITS + 1) /* with its NUL */
#define CODE_READ 11                /* the longest normalised code (a backup code) and its NUL */

enum code_shape {
    CODE_MALFORMED,
    CODE_SIX_DIGITS, /* texted, or an authenticator's */
    CODE_BACKUP,
};

/* Draws a fresh code from OpenSSL's generator, without modulo bias; leading zeros are kept. */
void code_draw(char out[static CODE_TEXT]);

/* What the user typed: exactly six ASCII digits, or a backup code in any case, with or without its dash. `out` gets the
 * normalised form; it is untouched for CODE_MALFORMED. */
enum code_shape code_read(const char *text, char out[static CODE_READ]);

/* HMAC("otp-mac" key of the tenant, "v1" | challenge | user | purpose | 0 | code). `challenge` and `user` are 16 bytes.
 */
void code_mac(int version, const uint8_t *tenant, const uint8_t *challenge, const uint8_t *user, const char *purpose,
              const char *code, uint8_t ret[static CRYPT_MAC]);

#endif
