/* req_read: what came in, looked up on demand: headers, cookies, query, form fields. */
#include "req_inside.h"
#include "text.h"

static char **pairs_of(struct req *rq, const char *text, size_t len, size_t *ret_count);

const char *req_header(struct req *rq, const char *lower_case_name)
{
    struct req_inside *in = inside(rq);

    for (size_t i = 0; i < in->field_count; i++)
        if (strcmp(in->fields[i].name, lower_case_name) == 0)
            return in->fields[i].value;
    return NULL;
}

/* ---- cookies ---- */

/* One `name=value` of a Cookie header (RFC 6265 §4.2.1); *ret_next is where the following one starts. */
static const char *cookie_value(const char *at, const char *name, size_t *ret_len, const char **ret_next)
{
    size_t len = strcspn(at, ";"), name_len = strlen(name);

    *ret_next = at + len + (at[len] == ';');
    while (len && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    if (len <= name_len || at[name_len] != '=' || memcmp(at, name, name_len) != 0)
        return NULL;
    *ret_len = len - name_len - 1;
    return at + name_len + 1;
}

const char *req_cookie(struct req *rq, const char *name)
{
    struct req_inside *in = inside(rq);
    const char *found = NULL;
    size_t found_len = 0;

    for (size_t i = 0; i < in->field_count; i++) {
        if (strcmp(in->fields[i].name, "cookie") != 0)
            continue;
        for (const char *at = in->fields[i].value, *next; *at; at = next) {
            size_t len = 0;
            const char *value = cookie_value(at, name, &len, &next);
            if (value && found)
                return NULL; /* two of a name: somebody planted one, and nothing says which */
            if (value) {
                found = value;
                found_len = len;
            }
        }
    }
    return found ? req_copy(rq, found, found_len) : NULL;
}

/* ---- pairs: query and form ---- */

static size_t pair_count(const char *text, size_t len)
{
    size_t count = 1;

    for (size_t i = 0; i < len; i++)
        count += text[i] == '&';
    return count;
}

/* name,value,name,value,… decoded in a copy. NULL when an escape is bad, a NUL or broken UTF-8 is inside. */
static char **pairs_of(struct req *rq, const char *text, size_t len, size_t *ret_count)
{
    char *copy = req_copy(rq, text, len);
    char **pairs = req_alloc(rq, 2 * pair_count(text, len) * sizeof *pairs);
    size_t count = 0;

    if (strlen(copy) != len)
        return NULL;
    for (char *at = copy, *end; at; at = end) {
        char *equals;
        end = strchr(at, '&');
        if (end)
            *end++ = '\0';
        if (!*at)
            continue;
        equals = strchr(at, '=');
        if (equals)
            *equals++ = '\0';
        pairs[2 * count] = at;
        pairs[2 * count + 1] = equals ? equals : at + strlen(at);
        for (size_t i = 2 * count; i < 2 * count + 2; i++)
            if (text_unpercent(pairs[i], true) < 0 || !text_utf8(pairs[i], strlen(pairs[i])))
                return NULL;
        count++;
    }
    *ret_count = count;
    return pairs;
}

static const char *only_value(char **pairs, size_t count, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[2 * i], name) != 0)
            continue;
        if (found)
            return NULL;
        found = pairs[2 * i + 1];
    }
    return found;
}

const char *req_query(struct req *rq, const char *name)
{
    size_t count = 0;
    char **pairs = *rq->query ? pairs_of(rq, rq->query, strlen(rq->query), &count) : NULL;

    return pairs ? only_value(pairs, count, name) : NULL;
}

/* By name, then by value: the order in which Twilio signs repeated fields. */
static int compare_pairs(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    int names = strcmp(left[0], right[0]);

    return names ? names : strcmp(left[1], right[1]);
}

static void form_make(struct req *rq)
{
    struct req_inside *in = inside(rq);

    if (in->form_made)
        return;
    in->form_made = true;
    if (strcmp(rq->content_type, "application/x-www-form-urlencoded") != 0)
        return;
    in->form = pairs_of(rq, rq->body, rq->body_len, &in->form_count);
    if (!in->form)
        in->form_count = 0;
    else if (in->form_count > 1)
        qsort(in->form, in->form_count, 2 * sizeof *in->form, compare_pairs);
}

const char *req_form(struct req *rq, const char *name)
{
    form_make(rq);
    return only_value(inside(rq)->form, inside(rq)->form_count, name);
}

size_t req_form_sorted(struct req *rq, const char ***ret_pairs)
{
    form_make(rq);
    *ret_pairs = (const char **)inside(rq)->form;
    return inside(rq)->form_count;
}
