/* backup_code: ten look-up secrets of 50 random bits, shown once as XXXXX-XXXXX (security.md a.3).
 *
 * The alphabet is base32's (RFC 4648 §6: A-Z 2-7). What looks like a letter of it is read as that letter: 0 as O, 1 as
 * I, 8 as B. Codes are kept only as MACs under a key that is not in the database, which is why no slow hash is needed.
 */
#ifndef TENANTS_BACKUP_CODE_H
#define TENANTS_BACKUP_CODE_H

#include "crypt.h"

#define BACKUP_CODES 10      /* in a set */
#define BACKUP_CODE 11       /* normalised: ten letters and NUL */
#define BACKUP_CODE_SHOWN 12 /* with the dash */

/* Draws one code, as shown and as normalised. */
void backup_code_draw(char shown[static BACKUP_CODE_SHOWN], char normal[static BACKUP_CODE]);

/* Reads ten letters in any case, with at most one dash or space, in the middle. False, and `out` untouched, otherwise.
 */
bool backup_code_read(const char *text, char out[static BACKUP_CODE]) MUST_USE;

/* HMAC("backup-code" key of the tenant, user | normalised code). `user` is 16 bytes. */
void backup_code_mac(int version, const uint8_t *tenant, const uint8_t *user, const char *normal,
                     uint8_t ret[static CRYPT_MAC]);

#endif
