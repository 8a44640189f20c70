/* prices: reads Twilio's Pricing API for messages (v1): first the list of countries, page by page, then each country.
 * Pure: says what is to be asked for next, and takes the answer.
 *
 *     prices_start(&prices, origin, currency, types);
 *     while ((url = prices_next(&prices)))
 *         if (!prices_take(&prices, answer to GET url))
 *             break;                                   prices.fault says why
 *     … prices.taken …
 *     prices_end(&prices);
 *
 * The price of a country is the highest current one over its carriers and the types of sending number that count: a
 * text may go to any of them. A country whose answer cannot be read is left out and keeps the price that it has.
 */
#ifndef TENANTS_PRICES_H
#define TENANTS_PRICES_H

#include "fetch.h"
#include "money.h"

#define PRICES_URL 1024
#define PRICES_ANSWER (1024 * 1024) /* bytes of an answer, at most */

struct prices {
    const char *origin;   /* of the API, no slash behind it */
    const char *currency; /* that everything is counted in */
    const char *types;    /* kinds of sending number that count, separated by commas; "": all */
    json_t *countries;    /* ISO codes that the list named */
    json_t *taken;        /* [{country, price_micros}], what prices_put wants */
    size_t asked;         /* of countries */
    size_t unread;        /* of those: could not be read */
    int pages;
    char url[PRICES_URL]; /* being asked for */
    const char *fault;    /* static; NULL while all is well */
};

void prices_start(struct prices *prices, const char *origin, const char *currency, const char *types);
/* The next URL, good until the next call; NULL when all is read. */
const char *prices_next(struct prices *prices);
bool prices_take(struct prices *prices, const struct fetch_answer *answer) MUST_USE;
void prices_end(struct prices *prices);

/* The price of one country in micro-units of the currency, from its answer. 0: texts to it cannot be bought. -1: cannot
 * be read; -2: in another currency. */
int64_t prices_country(json_t *country, const char *currency, const char *types);

#endif
