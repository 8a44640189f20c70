/* money: decimal numbers without binary fractions. */
#include "money.h"

#define WHOLE_MOST 12 /* digits before the point */
#define DECIMALS 6

bool money_read(const char *text, int64_t *ret_micros)
{
    static const char digits[] = "0123456789";
    bool negative = *text == '-';
    const char *whole = text + negative;
    size_t whole_len = strspn(whole, digits);
    const char *fraction = whole[whole_len] == '.' ? whole + whole_len + 1 : "";
    size_t fraction_len = strspn(fraction, digits);
    bool ends = *fraction ? fraction[fraction_len] == '\0' : whole[whole_len] == '\0';
    if (!whole_len || whole_len > WHOLE_MOST || !ends)
        return false;

    int64_t micros = 0;
    for (size_t i = 0; i < whole_len; i++)
        micros = 10 * micros + (whole[i] - '0');
    for (size_t i = 0; i < DECIMALS; i++)
        micros = 10 * micros + (i < fraction_len ? fraction[i] - '0' : 0);
    if (fraction_len > DECIMALS && strspn(fraction + DECIMALS, "0") < fraction_len - DECIMALS)
        micros++;
    *ret_micros = negative ? -micros : micros;
    return true;
}

bool money_read_currency(const char *text, char ret[static MONEY_CURRENCY])
{
    char upper[MONEY_CURRENCY] = "";
    if (!text || strlen(text) != MONEY_CURRENCY - 1)
        return false;
    for (size_t i = 0; i < MONEY_CURRENCY - 1; i++) {
        upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
        if (upper[i] < 'A' || upper[i] > 'Z')
            return false;
    }
    memcpy(ret, upper, sizeof(upper));
    return true;
}
