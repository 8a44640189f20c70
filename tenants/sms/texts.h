/* texts: what a text says, in one GSM-7 segment, always.
 *
 * Every text names the store, the purpose, how long the code lives and never to share it; the last line is the
 * origin-bound form "@HOST #CODE" that lets the phone's browser fill the code into the right site and no other. What of
 * the store's name GSM-7 does not have is replaced; what does not fit is cut.
 */
#ifndef TENANTS_TEXTS_H
#define TENANTS_TEXTS_H

#include "common.h"

#define TEXTS_SEGMENT 160 /* septets of a text that is one segment (3GPP TS 23.038 §6.1.2.1.1) */
#define TEXTS_SEGMENTS 1  /* that a composed text is sent in: what its price is multiplied by */
#define TEXTS_ROOM 512    /* bytes that any text of ours fits in: 160 characters of at most 3 bytes */
#define TEXTS_STORE 400   /* bytes of a store's name after replacing */

struct text_parts {
    const char *purpose; /* "sign_in", "phone_set_up", "phone_change" */
    const char *locale;  /* one of LOCALES; others read English */
    const char *code;
    const char *store; /* UTF-8, any script */
    const char *slug;  /* stands in for a name of which nothing can be shown */
    const char *host;  /* the panel's, without port */
    long seconds;      /* of life left */
};

/* Composes one segment. False, and `out` untouched, when host and wording alone leave no room for a name. */
bool texts_compose(const struct text_parts *parts, char out[static TEXTS_ROOM]) MUST_USE;

/* The last line of such a text, "@HOST #CODE": what tells it from any other. */
#define TEXTS_MARK 320
void texts_mark(const char *host, const char *code, char out[static TEXTS_MARK]);

/* Septets of a text in GSM-7's default alphabet with its extension table (3GPP TS 23.038 §6.2.1), or -1 when a
 * character is in neither. */
long texts_septets(const char *utf8);

/* Segments that it is sent in; 0 for an empty text or one that is not GSM-7. A concatenated segment has 153 septets,
 * and an extension character is not parted. */
long texts_segments(const char *utf8);

/* A name made fit for GSM-7: accents dropped where they must be, Cyrillic put into Latin letters, quotes and dashes made
 * plain, others left out; nothing remains that a phone would make a link of or take for an origin-bound line. */
void texts_plain(const char *utf8, char out[static TEXTS_STORE]);

#endif
