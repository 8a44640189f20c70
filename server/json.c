/* json: reads a body field by field, remembers what was asked for, and answers with everything that is wrong at once.
 */
#include "json.h"
#include "crypt.h"
#include "req_inside.h"
#include "text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <malloc.h>

#define MOST_ERRORS 32
#define MOST_FIELDS 48
#define MOST_POINTER 128
#define MOST_FILTERS 8
#define MOST_NAME 64 /* of a query parameter that is named back; h2o lets any byte through, so only plain ones are */

/* known: pointers that were read, borrowed from the handler (string literals). filters: names of query parameters, likewise.
 */
struct json_reader {
    json_t *errors;
    const char *known[MOST_FIELDS];
    size_t known_count;
    const char *filters[MOST_FILTERS + 1]; /* NULL-terminated */
    size_t filter_count;
};

static struct json_reader *reader_of(struct req *rq);
static json_t *find(struct req *rq, const char *pointer, bool needed);
static const char *text_checked(struct req *rq, const char *pointer, json_t *value, size_t min, size_t max);
static void unknown_fields(struct req *rq, json_t *object, const char *parent);

static struct json_reader *reader_of(struct req *rq)
{
    struct req_inside *in = inside(rq);

    if (!in->reader) {
        in->reader = req_alloc(rq, sizeof *in->reader);
        in->reader->errors = json_array();
        req_defer_json(rq, in->reader->errors);
    }
    return in->reader;
}

void json_bad(struct req *rq, const char *pointer, const char *code)
{
    json_t *errors = reader_of(rq)->errors, *each;
    size_t i;

    json_array_foreach(errors, i, each) if (strcmp(json_string_value(json_object_get(each, "pointer")), pointer) ==
                                            0) return; /* the first complaint about a field is the one that helps */
    if (json_array_size(errors) < MOST_ERRORS)
        json_array_append_new(errors, json_pack("{ss%ss}", "pointer", pointer, strlen(pointer), "code", code));
}

static void wipe_and_free(void *memory)
{
    if (memory)
        crypt_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void json_wipe_memory(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}

/* ---- finding ---- */

/* "/user" and "/user/email" both make "user" and "email" known; the parent's other fields are still checked. */
static json_t *find(struct req *rq, const char *pointer, bool needed)
{
    struct json_reader *reader = reader_of(rq);
    const char *slash = strchr(pointer + 1, '/');
    json_t *parent = rq->json, *value;
    char name[MOST_POINTER];

    if (reader->known_count < MOST_FIELDS)
        reader->known[reader->known_count++] = pointer;
    if (slash) {
        snprintf(name, sizeof name, "%.*s", (int)(slash - pointer), pointer);
        parent = json_object_get(rq->json, name + 1);
        if (parent && !json_is_object(parent)) {
            json_bad(rq, name, "wrong_type");
            return NULL;
        }
    }
    value = json_object_get(parent, slash ? slash + 1 : pointer + 1);
    if (!value && needed)
        json_bad(rq, slash && !parent ? name : pointer, "required");
    return value;
}

bool json_has(struct req *rq, const char *pointer)
{
    return find(rq, pointer, false) != NULL;
}

/* ---- typed reads ---- */

static const char *text_checked(struct req *rq, const char *pointer, json_t *value, size_t min, size_t max)
{
    const char *text = json_string_value(value);
    bool control;
    size_t count;

    if (!value)
        return NULL;
    if (!text) {
        json_bad(rq, pointer, "wrong_type");
        return NULL;
    }
    count = text_characters(text, &control);
    if (count < min || count > max || control) {
        json_bad(rq, pointer, count < min ? "too_short" : count > max ? "too_long" : "invalid");
        return NULL;
    }
    return text;
}

const char *json_need_text(struct req *rq, const char *pointer, size_t min, size_t max)
{
    return text_checked(rq, pointer, find(rq, pointer, true), min, max);
}

const char *json_may_text(struct req *rq, const char *pointer, size_t min, size_t max)
{
    return text_checked(rq, pointer, find(rq, pointer, false), min, max);
}

static const char *word_checked(struct req *rq, const char *pointer, json_t *value, const char *const *words)
{
    const char *text = json_string_value(value);

    if (!value)
        return NULL;
    for (; text && *words; words++)
        if (strcmp(*words, text) == 0)
            return *words;
    json_bad(rq, pointer, text ? "invalid" : "wrong_type");
    return NULL;
}

const char *json_need_word(struct req *rq, const char *pointer, const char *const *words)
{
    return word_checked(rq, pointer, find(rq, pointer, true), words);
}

const char *json_may_word(struct req *rq, const char *pointer, const char *const *words)
{
    return word_checked(rq, pointer, find(rq, pointer, false), words);
}

int64_t json_may_int(struct req *rq, const char *pointer, int64_t min, int64_t max, int64_t otherwise)
{
    json_t *value = find(rq, pointer, false);
    int64_t number = json_integer_value(value);

    if (!value)
        return otherwise;
    if (!json_is_integer(value)) {
        json_bad(rq, pointer, "wrong_type");
        return 0;
    }
    if (number < min || number > max) {
        json_bad(rq, pointer, "invalid");
        return 0;
    }
    return number;
}

bool json_may_bool(struct req *rq, const char *pointer, bool otherwise)
{
    json_t *value = find(rq, pointer, false);

    if (!value)
        return otherwise;
    if (!json_is_boolean(value))
        json_bad(rq, pointer, "wrong_type");
    return json_is_true(value);
}

json_t *json_may_texts(struct req *rq, const char *pointer, size_t most, bool (*ok)(const char *text))
{
    json_t *value = find(rq, pointer, false), *each;
    char deeper[MOST_POINTER];
    size_t i;

    if (!value)
        return NULL;
    if (!json_is_array(value) || json_array_size(value) > most) {
        json_bad(rq, pointer, json_is_array(value) ? "too_long" : "wrong_type");
        return NULL;
    }
    json_array_foreach(value, i, each)
    {
        snprintf(deeper, sizeof deeper, "%s/%zu", pointer, i);
        if (!json_is_string(each) || !ok(json_string_value(each)))
            json_bad(rq, deeper, json_is_string(each) ? "invalid" : "wrong_type");
    }
    return value;
}

/* ---- the end ---- */

bool json_done(struct req *rq)
{
    struct json_reader *reader = reader_of(rq);
    const char *key;
    json_t *value;

    unknown_fields(rq, rq->json, "");
    json_object_foreach(rq->json, key, value)
    {
        char parent[MOST_POINTER];
        if (json_is_object(value) && (size_t)snprintf(parent, sizeof parent, "/%s", key) < sizeof parent)
            unknown_fields(rq, value, parent);
    }
    if (json_array_size(reader->errors) == 0)
        return true;
    req_fail_with(rq, "body_invalid", json_pack("{sO}", "errors", reader->errors));
    return false;
}

/* RFC 6901 §3: '~' and '/' of a key are written ~0 and ~1. Cut when it is absurdly long, between characters. */
static void escape_key(const char *parent, const char *key, char out[static 512])
{
    size_t len = (size_t)snprintf(out, 400, "%s/", parent);

    for (; *key && len < 500; key++) {
        if (*key == '~' || *key == '/') {
            out[len++] = '~';
            out[len++] = *key == '~' ? '0' : '1';
        } else {
            out[len++] = *key;
        }
    }
    while (*key && len && ((uint8_t)*key & 0xc0) == 0x80) {
        len--; /* the cut fell inside a character: take its beginning away too */
        if (((uint8_t)out[len] & 0xc0) != 0x80)
            break;
    }
    out[len] = '\0';
}

/* A field is known when it was read itself or holds one that was read. An object nobody looked into is not searched. */
static bool is_known(const struct json_reader *reader, const char *pointer, bool *ret_inside)
{
    size_t len = strlen(pointer);
    bool known = false;

    for (size_t i = 0; i < reader->known_count; i++) {
        const char *each = reader->known[i];
        if (strncmp(each, pointer, len) != 0)
            continue;
        known = known || each[len] == '\0' || each[len] == '/';
        *ret_inside = *ret_inside || each[len] == '/';
    }
    return known;
}

static void unknown_fields(struct req *rq, json_t *object, const char *parent)
{
    struct json_reader *reader = reader_of(rq);
    const char *key;
    json_t *value;
    bool looked_inside = false;

    if (*parent && (!is_known(reader, parent, &looked_inside) || !looked_inside))
        return;
    json_object_foreach(object, key, value)
    {
        char pointer[512];
        bool unused = false;
        escape_key(parent, key, pointer);
        if (!is_known(reader, pointer, &unused))
            json_bad(rq, pointer, "unknown_field");
    }
}

/* ---- lists ---- */

static bool page_limit(const char *text, int64_t *ret)
{
    char *end;
    long limit;

    if (!isdigit((unsigned char)*text) || strlen(text) > 3)
        return false;
    limit = strtol(text, &end, 10);
    *ret = limit;
    return *end == '\0' && limit >= 1 && limit <= 200;
}

/* What a refusal calls a query parameter: "?name", or "?" when the name is not one to be repeated. */
static const char *query_pointer(struct req *rq, const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return "?";
    return len > MOST_NAME ? "?" : req_printf(rq, "?%.*s", (int)len, name);
}

/* Complaints about parameters that are none of the known ones (NULL-terminated) or that come twice. */
static void query_strangers(struct req *rq, const char *const *known)
{
    bool seen[MOST_FILTERS] = {false};
    size_t len;

    for (const char *at = rq->query; *at; at += len, at += *at == '&') {
        size_t name = strcspn(at, "=&"), i = 0;
        len = strcspn(at, "&");
        while (known[i] && (strlen(known[i]) != name || strncmp(known[i], at, name) != 0))
            i++;
        if (!known[i])
            json_bad(rq, query_pointer(rq, at, name), "unknown_field");
        else if (seen[i])
            json_bad(rq, query_pointer(rq, at, name), "invalid");
        else
            seen[i] = true;
        if (known[i] && !req_query(rq, known[i]))
            json_bad(rq, query_pointer(rq, at, name), "invalid"); /* its value, or a neighbour's, cannot be decoded */
    }
}

const char *json_filter(struct req *rq, const char *name)
{
    struct json_reader *reader = reader_of(rq);

    assert(reader->filter_count < MOST_FILTERS);
    reader->filters[reader->filter_count++] = name;
    return req_query(rq, name);
}

const char *json_filter_word(struct req *rq, const char *name, const char *const *words)
{
    const char *value = json_filter(rq, name);

    while (value && *words && strcmp(*words, value) != 0)
        words++;
    if (value && !*words)
        json_bad(rq, query_pointer(rq, name, strlen(name)), "invalid");
    return value ? *words : NULL;
}

const char *json_filter_text(struct req *rq, const char *name, size_t max)
{
    const char *value = json_filter(rq, name);
    bool control = false;
    size_t count = value ? text_characters(value, &control) : 1;

    if (count < 1 || count > max || control)
        json_bad(rq, query_pointer(rq, name, strlen(name)), "invalid");
    return value;
}

/* Reads limit and returns the cursor's text, NULL when there is none. */
static const char *page_read(struct req *rq, int64_t *ret_limit)
{
    const char *limit = json_filter(rq, "limit"), *cursor = json_filter(rq, "cursor");

    query_strangers(rq, reader_of(rq)->filters);
    *ret_limit = 50;
    if (limit && !page_limit(limit, ret_limit))
        json_bad(rq, "?limit", "invalid");
    return cursor;
}

/* The cursor, when all is well. */
static bool page_cursor(struct req *rq, const char *prefix, const char *cursor, uint8_t ret_after[16],
                        bool *ret_has_after)
{
    uint8_t after[16];

    if (cursor && !text_untypeid(prefix, cursor, after))
        json_bad(rq, "?cursor", "invalid");
    if (!json_done(rq))
        return false;
    *ret_has_after = cursor != NULL;
    if (cursor)
        memcpy(ret_after, after, 16);
    return true;
}

bool json_page(struct req *rq, const char *prefix, int64_t *ret_limit, uint8_t ret_after[16], bool *ret_has_after)
{
    int64_t number;

    if (!page_cursor(rq, prefix, page_read(rq, &number), ret_after, ret_has_after))
        return false;
    *ret_limit = number;
    return true;
}

bool json_filters_done(struct req *rq)
{
    query_strangers(rq, reader_of(rq)->filters);
    return json_done(rq);
}

bool json_cursor(struct req *rq, const char *prefix, uint8_t ret_after[16], bool *ret_has_after)
{
    const char *cursor = json_filter(rq, "cursor");

    query_strangers(rq, reader_of(rq)->filters);
    return page_cursor(rq, prefix, cursor, ret_after, ret_has_after);
}

bool json_page_numbered(struct req *rq, int64_t *ret_limit, int64_t *ret_after)
{
    int64_t number;
    const char *cursor = page_read(rq, &number);
    size_t len = cursor ? strlen(cursor) : 0;

    if (cursor && (len < 1 || len > 18 || strspn(cursor, "0123456789") != len))
        json_bad(rq, "?cursor", "invalid");
    if (!json_done(rq))
        return false;
    *ret_limit = number;
    *ret_after = cursor ? strtoll(cursor, NULL, 10) : 0;
    return true;
}

const char *json_query(struct req *rq, const char *name)
{
    const char *const known[] = {name, NULL};

    query_strangers(rq, known);
    return req_query(rq, name);
}

bool json_no_query(struct req *rq)
{
    static const char *const NONE[] = {NULL};

    if (!*rq->query)
        return true;
    query_strangers(rq, NONE);
    return json_done(rq);
}
