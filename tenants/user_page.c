/* user_page: limit, cursor, q and state, checked. */
#include "user_page.h"

#include "caller.h"
#include "json.h"

#define SEARCH_MOST 128 /* characters: the longest external id */

static const char *const STATES[] = {"active", "locked", "removed", NULL};

void user_page(struct req *rq, const char *function)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    const char *search = json_filter_text(rq, "q", SEARCH_MOST);
    const char *state = json_filter_word(rq, "state", STATES);
    if (!json_page(rq, "user", &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, function,
            ARGS(db_int(limit), db_uuid(has_after ? after : NULL), db_text(search), db_text(state)), reply_row);
}
