/* totp: time-based codes (RFC 6238: SHA-1, 6 digits, 30 s) over a 160-bit secret.
 *
 * The code of each of the three steps around now is computed and compared, always all three and in constant time. Which
 * step matched is what the caller spends: a step is accepted once, ever, by a conditional update in SQL.
 */
#ifndef TENANTS_TOTP_H
#define TENANTS_TOTP_H

#include "common.h"

#define TOTP_SECRET 20      /* bytes: what RFC 4226 §4 R6 recommends */
#define TOTP_SECRET_TEXT 33 /* base32 of it and NUL */
#define TOTP_PERIOD 30      /* seconds */
#define TOTP_NO_STEP (-1)
#define TOTP_URI 2048 /* room that any URI of ours fits in */

/* The step within now's step ±1 whose code equals `code` (six digits), or TOTP_NO_STEP. `now` in seconds since 1970. */
int64_t totp_match(const uint8_t secret[static TOTP_SECRET], const char *code, int64_t now);

/* otpauth://totp/ISSUER:ACCOUNT?secret=…, percent-encoded (Google's Key URI format; a colon inside a name becomes a
 * space, as the format asks). Names are cut at 100 bytes. */
void totp_uri(const char *issuer, const char *account, const char *secret_base32, char out[static TOTP_URI]);

#endif
