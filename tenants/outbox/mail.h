/* mail: one notice as a message (RFC 5322), and the languages of notices. Pure.
 *
 * Nothing that somebody entered is in a header but the address itself, which is checked here once more; the body is
 * base64, so that no line of it means anything to anybody on the way.
 */
#ifndef TENANTS_MAIL_H
#define TENANTS_MAIL_H

#include "common.h"

#define MAIL_ADDRESS 255 /* the longest address, with its NUL */
#define MAIL_STORE 256   /* bytes of a store's name as mails show it */
#define MAIL_ROOM (8 * 1024)

struct mail_parts {
    const char *id;     /* mail_… */
    const char *from;   /* mail_from of the configuration, checked */
    const char *to;     /* the user's address, as it was entered */
    const char *notice; /* as app.mail_kinds has it */
    const char *locale;
    const char *store; /* the store's name, as it was entered */
    const char *panel; /* origin of its panel */
    const char *at;    /* when it happened, RFC 3339 UTC */
    const char *until; /* of a lock, likewise; or NULL */
    int percent;       /* of a budget */
    long long now_s;   /* since 1970: the message's date */
};

/* An address that is safe in a header and in SMTP: ASCII, one @, letters, digits and the usual marks before it, a host
 * name behind it (RFC 5321 less quoting, comments and literals). */
bool mail_is_address(const char *text) MUST_USE;

/* "address", or "Words <address>" with words of letters, digits, blanks and dashes. *ret_address: as MAIL FROM has it.
 */
bool mail_is_from(const char *text, char ret_address[static MAIL_ADDRESS]) MUST_USE;

/* The whole message, lines ended by CR LF, NUL-terminated. False: no such notice, or an address that is none. */
bool mail_compose(const struct mail_parts *parts, char out[static MAIL_ROOM]) MUST_USE;

/* One line of a name: control characters, line separators and marks that turn the direction of writing are blanks, runs of
 * blanks one, at most 80 characters. "-" when nothing is left. */
void mail_plain(const char *name, char out[static MAIL_STORE]);

#endif
