/* money: amounts as providers write them, and as we count them: whole millionths of the platform's one currency. */
#ifndef TENANTS_MONEY_H
#define TENANTS_MONEY_H

#include "common.h"

#define MONEY_CURRENCY 4 /* ISO 4217 code and NUL */

/* Reads a decimal number ("0.0079", "-0.00750", "12") to micro-units, exactly; more than six decimals count as one
 * millionth more, away from zero: never less than what will be asked for. False for anything else, or from 10^12 on. */
bool money_read(const char *text, int64_t *ret_micros) MUST_USE;

/* "usd" or "USD" to "USD". False when it is not three letters. */
bool money_read_currency(const char *text, char ret[static MONEY_CURRENCY]) MUST_USE;

#endif
