/* moment: read digit by digit, then held against the calendar. */
#include "moment.h"

#include <time.h>

static bool read_number(const char *text, size_t digits, int least, int most, int *ret);
static bool read_fraction(const char *text, int *ret_ms);

bool moment_read(const char *text, int64_t *ret_ms)
{
    struct tm parts = {0}, seen;
    int ms = 0;
    if (strlen(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
        text[16] != ':' || !read_number(text, 4, 2000, 2099, &parts.tm_year) ||
        !read_number(text + 5, 2, 1, 12, &parts.tm_mon) || !read_number(text + 8, 2, 1, 31, &parts.tm_mday) ||
        !read_number(text + 11, 2, 0, 23, &parts.tm_hour) || !read_number(text + 14, 2, 0, 59, &parts.tm_min) ||
        !read_number(text + 17, 2, 0, 59, &parts.tm_sec) || !read_fraction(text + 19, &ms))
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    seen = parts;
    time_t seconds = timegm(&seen);
    if (seen.tm_mday != parts.tm_mday)
        return false; /* the 31st of a shorter month */
    *ret_ms = (int64_t)seconds * 1000 + ms;
    return true;
}

static bool read_number(const char *text, size_t digits, int least, int most, int *ret)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret = value;
    return value >= least && value <= most;
}

/* "Z", ".123Z" */
static bool read_fraction(const char *text, int *ret_ms)
{
    int ms = 0, weight = 100;
    if (*text == '.') {
        size_t digits = strspn(text + 1, "0123456789");
        if (digits < 1 || digits > 6)
            return false;
        for (size_t i = 1; i <= digits; i++, weight /= 10)
            ms += (text[i] - '0') * weight;
        text += 1 + digits;
    }
    *ret_ms = ms;
    return strcmp(text, "Z") == 0;
}
