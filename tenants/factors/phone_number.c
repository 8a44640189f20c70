/* phone_number: libphonenumber's rules over libphonenumber-js' metadata.
 *
 * A numbering plan is an array; what is used of it (METADATA.md of the package): [2] pattern of the national number,
 * [3] its possible lengths, [10] leading digits that tell countries of one calling code apart, [11] the types, each
 * 0 or [pattern, lengths]. An empty mobile pattern means: the same as the fixed line's.
 */
#include "factors/phone_number.h"

#include "log.h"

#include <jansson.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define TYPES 10
#define CALLING_CODES 1000
#define COUNTRIES_OF_A_CODE 32

/* One regular expression; `code` is NULL until a number needs it. */
struct pattern {
    const char *text; /* NULL: none */
    pcre2_code *code;
};

struct kind {
    struct pattern pattern; /* text "" : the same as the fixed line's */
    uint32_t lengths;       /* bit n: n digits are possible; 0: any that the plan allows */
};

struct plan {
    char country[3];
    struct pattern national;
    struct pattern leading;
    struct kind kinds[TYPES];
};

static bool load(json_t *root);
static void unload(void);
static bool load_plan(const char *country, json_t *from, struct plan *plan);
static void load_kind(json_t *from, struct kind *kind);
static const struct plan *plan_of(struct plan *const *shared, const char *national);
static enum phone_type type_of(struct plan *plan, const char *national);
static bool is_kind(struct plan *plan, size_t kind, const char *national);
static bool matches(struct pattern *pattern, const char *text, uint32_t options);

/* Where each type stands in the metadata. */
static const struct {
    enum phone_type type;
    size_t kind;
} KINDS[] = {
    {PHONE_MOBILE, 1},          {PHONE_PREMIUM_RATE, 3}, {PHONE_TOLL_FREE, 2}, {PHONE_SHARED_COST, 9}, {PHONE_VOIP, 8},
    {PHONE_PERSONAL_NUMBER, 4}, {PHONE_PAGER, 7},        {PHONE_UAN, 6},       {PHONE_VOICEMAIL, 5},
};
enum { FIXED_LINE = 0, MOBILE = 1 };

/* The plans that share a calling code, its main country first; NULL-terminated. NULL: no such code. */
static struct plan **by_code[CALLING_CODES];
static json_t *metadata; /* the patterns' texts stay where jansson put them */

bool phone_start(const char *metadata_file)
{
    json_error_t error = {.text = "not metadata of version 4"};
    unload();
    metadata = json_load_file(metadata_file, JSON_REJECT_DUPLICATES, &error);
    if (metadata && load(metadata))
        return true;
    log_event(LOG_ERROR, NULL, "phone_metadata", L_TEXT("file", metadata_file), L_TEXT("why", error.text));
    unload();
    return false;
}

static bool load(json_t *root)
{
    json_t *codes = json_object_get(root, "country_calling_codes");
    json_t *countries = json_object_get(root, "countries");
    json_t *placeless = json_object_get(root, "nonGeographic");
    if (json_integer_value(json_object_get(root, "version")) != 4 || !json_object_size(codes) ||
        !json_object_size(countries))
        return false;

    const char *code, *country;
    json_t *names, *name, *from;
    size_t i;
    json_object_foreach(codes, code, names)
    {
        unsigned long number = strtoul(code, NULL, 10);
        if (!number || number >= CALLING_CODES || !json_array_size(names) ||
            json_array_size(names) > COUNTRIES_OF_A_CODE)
            return false;
        by_code[number] = calloc(json_array_size(names) + 1, sizeof(struct plan *));
        json_array_foreach(names, i, name)
        {
            country = json_string_value(name);
            by_code[number][i] = calloc(1, sizeof(struct plan));
            if (!country || !load_plan(country, json_object_get(countries, country), by_code[number][i]))
                return false;
        }
    }
    json_object_foreach(placeless, code, from)
    {
        unsigned long number = strtoul(code, NULL, 10);
        if (!number || number >= CALLING_CODES)
            return false;
        by_code[number] = calloc(2, sizeof(struct plan *));
        by_code[number][0] = calloc(1, sizeof(struct plan));
        if (!load_plan("", from, by_code[number][0]))
            return false;
    }
    return true;
}

static void unload(void)
{
    for (size_t code = 0; code < CALLING_CODES; code++) {
        for (size_t i = 0; by_code[code] && by_code[code][i]; i++)
            free(by_code[code][i]);
        free(by_code[code]);
        by_code[code] = NULL;
    }
    json_decref(metadata);
    metadata = NULL;
}

static bool load_plan(const char *country, json_t *from, struct plan *plan)
{
    if (!json_is_array(from) || strlen(country) > 2)
        return false;
    snprintf(plan->country, sizeof(plan->country), "%s", country);
    plan->national.text = json_string_value(json_array_get(from, 2));
    plan->leading.text = json_string_value(json_array_get(from, 10));

    json_t *kinds = json_array_get(from, 11);
    for (size_t i = 0; i < json_array_size(kinds) && i < TYPES; i++)
        load_kind(json_array_get(kinds, i), &plan->kinds[i]);
    return plan->national.text != NULL;
}

static void load_kind(json_t *from, struct kind *kind)
{
    size_t i;
    json_t *length;
    kind->pattern.text = json_string_value(json_array_get(from, 0));
    json_array_foreach(json_array_get(from, 1), i, length) kind->lengths |= UINT32_C(1)
                                                                            << (json_integer_value(length) & 31);
}

bool phone_read(const char *text, struct phone_number *ret)
{
    size_t len = strlen(text);
    if (text[0] != '+' || len < 4 || len >= PHONE_TEXT || strspn(text + 1, "0123456789") != len - 1 || text[1] == '0')
        return false;

    /* No calling code is the beginning of another, so the first hit is it. */
    unsigned code = 0;
    size_t digits = 0;
    while (digits < 3 && digits + 1 < len && (digits == 0 || !by_code[code]))
        code = code * 10 + (unsigned)(text[++digits] - '0');
    const char *national = text + 1 + digits;
    if (!by_code[code] || strlen(national) < 2)
        return false;

    const struct plan *plan = plan_of(by_code[code], national);
    enum phone_type type = plan ? type_of((struct plan *)plan, national) : PHONE_NO_TYPE;
    if (type == PHONE_NO_TYPE)
        return false;

    snprintf(ret->e164, sizeof(ret->e164), "%s", text);
    snprintf(ret->country, sizeof(ret->country), "%s", plan->country);
    ret->type = type;
    snprintf(ret->hint, sizeof(ret->hint), "+%u ••• ••%s", code, text + len - 2);
    snprintf(ret->range, sizeof(ret->range), "%.*s", len > 5 ? (int)len - 4 : 1, text);
    return true;
}

/* Which of the countries that share a calling code the number belongs to; the first that claims it. */
static const struct plan *plan_of(struct plan *const *shared, const char *national)
{
    if (!shared[1])
        return shared[0];
    for (size_t i = 0; shared[i]; i++) {
        bool its = shared[i]->leading.text ? matches(&shared[i]->leading, national, 0)
                                           : type_of(shared[i], national) != PHONE_NO_TYPE;
        if (its)
            return shared[i];
    }
    return NULL;
}

static enum phone_type type_of(struct plan *plan, const char *national)
{
    if (!matches(&plan->national, national, PCRE2_ENDANCHORED))
        return PHONE_NO_TYPE;
    if (is_kind(plan, FIXED_LINE, national)) {
        const char *mobile = plan->kinds[MOBILE].pattern.text;
        return !mobile || !*mobile || is_kind(plan, MOBILE, national) ? PHONE_FIXED_LINE_OR_MOBILE : PHONE_FIXED_LINE;
    }
    for (size_t i = 0; i < LEN(KINDS); i++) {
        if (is_kind(plan, KINDS[i].kind, national))
            return KINDS[i].type;
    }
    return PHONE_NO_TYPE;
}

static bool is_kind(struct plan *plan, size_t kind, const char *national)
{
    struct kind *of = &plan->kinds[kind];
    if (!of->pattern.text || !*of->pattern.text)
        return false;
    if (of->lengths && !(of->lengths >> strlen(national) & 1))
        return false;
    return matches(&of->pattern, national, PCRE2_ENDANCHORED);
}

/* Does the text begin with the pattern, or, with PCRE2_ENDANCHORED, equal it? A pattern is always used the same way. */
static bool matches(struct pattern *pattern, const char *text, uint32_t options)
{
    static pcre2_match_data *match;
    if (!match)
        match = pcre2_match_data_create(1, NULL);
    if (!pattern->code) {
        int error;
        size_t at;
        pattern->code = pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED, PCRE2_ANCHORED | options,
                                      &error, &at, NULL);
        if (!pattern->code || !match)
            die("phone metadata: pattern %s: error %d at %zu", pattern->text, error, at);
        pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* without it the interpreter gives the same answer */
    }
    return pcre2_match(pattern->code, (PCRE2_SPTR)text, strlen(text), 0, 0, match, NULL) >= 0;
}

bool phone_takes_texts(const struct phone_number *number)
{
    if (!number->country[0])
        return false; /* satellite and other numbers of no country */
    switch (number->type) {
    case PHONE_NO_TYPE:
    case PHONE_PREMIUM_RATE:
    case PHONE_SHARED_COST:
    case PHONE_PERSONAL_NUMBER:
    case PHONE_PAGER:
    case PHONE_UAN:
    case PHONE_VOICEMAIL:
        return false;
    case PHONE_FIXED_LINE:
    case PHONE_FIXED_LINE_OR_MOBILE:
    case PHONE_MOBILE:
    case PHONE_TOLL_FREE:
    case PHONE_VOIP:
        return true;
    }
    return false;
}

bool phone_has_country(const char *country)
{
    for (size_t code = 0; *country && code < CALLING_CODES; code++) {
        for (size_t i = 0; by_code[code] && by_code[code][i]; i++) {
            if (strcmp(by_code[code][i]->country, country) == 0)
                return true;
        }
    }
    return false;
}

const char *phone_type_name(enum phone_type type)
{
    static const char *const names[] = {
        [PHONE_NO_TYPE] = "NONE",
        [PHONE_FIXED_LINE] = "FIXED_LINE",
        [PHONE_FIXED_LINE_OR_MOBILE] = "FIXED_LINE_OR_MOBILE",
        [PHONE_MOBILE] = "MOBILE",
        [PHONE_PREMIUM_RATE] = "PREMIUM_RATE",
        [PHONE_TOLL_FREE] = "TOLL_FREE",
        [PHONE_SHARED_COST] = "SHARED_COST",
        [PHONE_VOIP] = "VOIP",
        [PHONE_PERSONAL_NUMBER] = "PERSONAL_NUMBER",
        [PHONE_PAGER] = "PAGER",
        [PHONE_UAN] = "UAN",
        [PHONE_VOICEMAIL] = "VOICEMAIL",
    };
    return names[type];
}
