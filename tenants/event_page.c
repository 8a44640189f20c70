/* event_page: cursor and filters, checked. Times become the ids that events of that time begin with. */
#include "event_page.h"

#include "json.h"
#include "text.h"

#include <time.h>

#define KIND_MOST 63
#define KINDS_MOST 40
#define SEARCH_MOST 128 /* characters: the longest external id */

static uint8_t *time_filter(struct req *rq, const char *name, const char *pointer);
static bool are_kinds(const char *kinds);

struct db_args *event_page(struct req *rq, int64_t limit)
{
    uint8_t *after = req_alloc(rq, 16), *user = req_alloc(rq, 16);
    bool has_after = false;
    const char *kind = json_filter(rq, "kind"), *of = json_filter(rq, "user");
    uint8_t *from = time_filter(rq, "since", "?since"), *below = time_filter(rq, "until", "?until");
    const char *search = json_filter_text(rq, "q", SEARCH_MOST);
    if (kind && !are_kinds(kind))
        json_bad(rq, "?kind", "invalid");
    if (of && !text_untypeid("user", of, user))
        json_bad(rq, "?user", "invalid");
    if (limit ? !json_cursor(rq, "event", after, &has_after) : !json_page(rq, "event", &limit, after, &has_after))
        return NULL;
    if (has_after && (!below || memcmp(after, below, 16) < 0))
        below = after;

    struct db_args *args = req_alloc(rq, sizeof(*args));
    *args =
        *ARGS(db_int(limit), db_uuid(below), db_uuid(from), db_text(kind), db_uuid(of ? user : NULL), db_text(search));
    return args;
}

/* The least UUIDv7 of that millisecond. */
static uint8_t *time_filter(struct req *rq, const char *name, const char *pointer)
{
    int64_t ms;
    const char *text = json_filter(rq, name);
    if (!text)
        return NULL;
    if (!event_time(text, &ms)) {
        json_bad(rq, pointer, "invalid");
        return NULL;
    }
    uint8_t *id = req_alloc(rq, 16);
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    return id;
}

bool event_time(const char *text, int64_t *ret_ms)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct tm tm = {0};
    int64_t ms = 0;
    for (size_t i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    }
    const char *rest = text + strlen(shape);
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits < 1 || digits > 3)
            return false;
        for (size_t i = 0; i < 3; i++)
            ms = 10 * ms + (i < digits ? rest[1 + i] - '0' : 0);
        rest += 1 + digits;
    }
    if (strcmp(rest, "Z") != 0 || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                                         &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
        return false;
    struct tm given = tm;
    tm.tm_year -= 1900, tm.tm_mon -= 1;
    time_t seconds = timegm(&tm);
    /* timegm makes the first of March of the 31st of February */
    if (given.tm_year < 1970 || tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon - 1 ||
        tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec)
        return false;
    *ret_ms = (int64_t)seconds * 1000 + ms;
    return true;
}

/* One, or several with commas between them. */
static bool are_kinds(const char *kinds)
{
    for (int n = 0; n < KINDS_MOST; n++) {
        size_t len = strspn(kinds, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (len < 1 || len > KIND_MOST || kinds[0] < 'a' || kinds[0] > 'z')
            return false;
        if (kinds[len] != ',')
            return !kinds[len];
        kinds += len + 1;
    }
    return false;
}
