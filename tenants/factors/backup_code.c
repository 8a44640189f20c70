/* backup_code: drawing, reading and binding backup codes. */
#include "factors/backup_code.h"

#include <stdio.h>
#include <string.h>

#define HALF 5
#define WHOLE (2 * HALF)

static char read_letter(char c);

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void backup_code_draw(char shown[static BACKUP_CODE_SHOWN], char normal[static BACKUP_CODE])
{
    uint8_t bytes[WHOLE];
    crypt_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < WHOLE; i++)
        normal[i] = ALPHABET[bytes[i] & 31]; /* 32 divides 256: no bias */
    normal[WHOLE] = '\0';
    snprintf(shown, BACKUP_CODE_SHOWN, "%.5s-%.5s", normal, normal + HALF);
    crypt_wipe(bytes, sizeof(bytes));
}

bool backup_code_read(const char *text, char out[static BACKUP_CODE])
{
    size_t len = strlen(text);
    bool parted = len == WHOLE + 1 && (text[HALF] == '-' || text[HALF] == ' ');
    if (len != WHOLE && !parted)
        return false;

    char read[BACKUP_CODE] = "";
    for (size_t i = 0; i < WHOLE; i++) {
        read[i] = read_letter(text[i + (parted && i >= HALF ? 1 : 0)]);
        if (!read[i])
            return false;
    }
    memcpy(out, read, sizeof(read));
    return true;
}

/* The letter of the alphabet that `c` stands for, or 0. */
static char read_letter(char c)
{
    switch (c) {
    case '0':
        return 'O';
    case '1':
        return 'I';
    case '8':
        return 'B';
    default:
        if (c >= 'a' && c <= 'z')
            return (char)(c - 'a' + 'A');
        return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7') ? c : '\0';
    }
}

void backup_code_mac(int version, const uint8_t *tenant, const uint8_t *user, const char *normal,
                     uint8_t ret[static CRYPT_MAC])
{
    uint8_t bound[16 + WHOLE];
    memcpy(bound, user, 16);
    memcpy(bound + 16, normal, WHOLE);
    crypt_mac(version, tenant, "backup-code", bound, sizeof(bound), ret);
    crypt_wipe(bound, sizeof(bound));
}
