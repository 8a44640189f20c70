/* mail_texts: what the notices say, in every language of locales.h. */
#ifndef TENANTS_MAIL_TEXTS_H
#define TENANTS_MAIL_TEXTS_H

#include "common.h"

/* {store} {at} {until} {percent} {panel} are replaced in body and what_now. */
struct mail_text {
    const char *notice, *locale;
    const char *subject; /* fixed: nothing is replaced in it */
    const char *body;
};

/* In that language, else in English; NULL when there is no such notice. */
const struct mail_text *mail_text_find(const char *notice, const char *locale);

/* What to do about it: for the user (a change of his own methods), or for owners; and the last line of all. */
const char *mail_text_what_now(const char *notice, const char *locale);
const char *mail_text_end(const char *locale);

#endif
