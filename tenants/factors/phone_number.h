/* phone_number: what an E.164 number is: country, type, valid or not; read from libphonenumber-js' own metadata.
 *
 * The panel and this file read the same metadata.max.json, so they cannot disagree. Its patterns are compiled (pcre2,
 * JIT) when a number first needs them. The file is loaded once, before the fork, and never freed.
 */
#ifndef TENANTS_PHONE_NUMBER_H
#define TENANTS_PHONE_NUMBER_H

#include "common.h"

#define PHONE_TEXT 17 /* '+', 15 digits (ITU-T E.164) and NUL */
#define PHONE_HINT 40 /* "+1 ••• ••34": a bullet is three bytes */

/* In the order in which libphonenumber tries them. */
enum phone_type {
    PHONE_NO_TYPE, /* the number is not valid */
    PHONE_FIXED_LINE,
    PHONE_FIXED_LINE_OR_MOBILE,
    PHONE_MOBILE,
    PHONE_PREMIUM_RATE,
    PHONE_TOLL_FREE,
    PHONE_SHARED_COST,
    PHONE_VOIP,
    PHONE_PERSONAL_NUMBER,
    PHONE_PAGER,
    PHONE_UAN,
    PHONE_VOICEMAIL,
};

struct phone_number {
    char e164[PHONE_TEXT];
    char country[3]; /* ISO 3166 alpha-2; "" for numbers of no country: satellite, international */
    enum phone_type type;
    char hint[PHONE_HINT];  /* what may be shown: calling code and the last two digits */
    char range[PHONE_TEXT]; /* the number less its last four digits */
};

/* Loads the metadata. False, and logged, when the file is not what we expect. */
bool phone_start(const char *metadata_file) MUST_USE;

/* Reads "+" and 3..15 digits. False when that is no valid number of any numbering plan; then *ret is untouched. */
bool phone_read(const char *text, struct phone_number *ret) MUST_USE;

/* May a text be sent there? Not to numbers that cost the caller or us more than a text does (product.md): premium,
 * shared cost, satellite, pager, UAN, voicemail, and personal numbers, which are billed like premium ones. */
bool phone_takes_texts(const struct phone_number *number) MUST_USE;

/* Is this the ISO 3166 code (two capitals) of a country that has telephone numbers? */
bool phone_has_country(const char *country) MUST_USE;

/* "MOBILE", "FIXED_LINE_OR_MOBILE", …: libphonenumber's words. */
const char *phone_type_name(enum phone_type type);

#endif
