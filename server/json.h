/* json: typed reads of a request's body and query that collect every bad field before one 422 is answered.
 *
 * A handler names each field it knows; json_done then refuses every field it did not name. Pointers returned live as
 * long as the request. A reader that finds something wrong records it and returns NULL, 0 or false.
 *
 *     const char *name = json_need_text(rq, "/name", 1, 80);
 *     const char *locale = json_may_text(rq, "/locale", 2, 5);
 *     if (!json_done(rq))
 *         return;
 */
#ifndef SERVER_JSON_H
#define SERVER_JSON_H

#include "req.h"

/* Text in characters (code points), without control characters; lengths inclusive. `pointer` may go one level deep:
 * "/user/email". */
const char *json_need_text(struct req *rq, const char *pointer, size_t min, size_t max);
const char *json_may_text(struct req *rq, const char *pointer, size_t min, size_t max);
/* One word of a NULL-terminated list; the element of the list is returned. */
const char *json_need_word(struct req *rq, const char *pointer, const char *const *words);
const char *json_may_word(struct req *rq, const char *pointer, const char *const *words);
int64_t json_may_int(struct req *rq, const char *pointer, int64_t min, int64_t max, int64_t otherwise);
bool json_may_bool(struct req *rq, const char *pointer, bool otherwise);
/* An array of texts, borrowed; every element checked by `ok`. NULL when absent. */
json_t *json_may_texts(struct req *rq, const char *pointer, size_t most, bool (*ok)(const char *text));
bool json_has(struct req *rq, const char *pointer);
/* Record a complaint of the handler's own: json_bad(rq, "/slug", "invalid"). */
void json_bad(struct req *rq, const char *pointer, const char *code);
/* True when all was well; else 422 body_invalid has been replied. Call it once, after the last read. */
bool json_done(struct req *rq) MUST_USE;

/* Filters of a list, beside limit and cursor: the query parameter's value, NULL when absent. Read them before json_page, which
 * refuses what nobody asked for. At most 6; `max` in characters, without control characters. */
const char *json_filter(struct req *rq, const char *name);
const char *json_filter_word(struct req *rq, const char *name, const char *const *words);
const char *json_filter_text(struct req *rq, const char *name, size_t max);
/* Query parameters of lists: limit 1..200 (50) and cursor (a TypeID with `prefix`); refuses others. False after a
 * reply. */
bool json_page(struct req *rq, const char *prefix, int64_t *ret_limit, uint8_t ret_after[16],
               bool *ret_has_after) MUST_USE;

/* For a route that takes these filters and nothing else. False after a reply. */
bool json_filters_done(struct req *rq) MUST_USE;
/* The same for a file that has no limit: the cursor, after all filters. */
bool json_cursor(struct req *rq, const char *prefix, uint8_t ret_after[16], bool *ret_has_after) MUST_USE;

/* The same for a list whose cursor is a number from 0 to 10^18 - 1; *ret_after is 0 without one. */
bool json_page_numbered(struct req *rq, int64_t *ret_limit, int64_t *ret_after) MUST_USE;
/* The one query parameter that a route takes, decoded; NULL when absent. Others are complaints; json_done answers them.
 */
const char *json_query(struct req *rq, const char *name);

/* For a route that takes no query. False after a reply. */
bool json_no_query(struct req *rq) MUST_USE;

/* From now on jansson's memory is wiped before it is freed: bodies hold codes and keys. Once, before any JSON. */
void json_wipe_memory(void);

#endif
