/* prices: pages, countries, carriers, decimals. */
#include "sms/prices.h"

#include "sms/twilio.h"

#define PAGES_MOST 50
#define UNREAD_MOST 20 /* then it is no single country's fault */

static bool take_page(struct prices *prices, json_t *page);
static bool keep_next_page(struct prices *prices, const char *next);
static bool is_country(const char *text);
static bool take_country(struct prices *prices, json_t *country);
static int64_t highest(json_t *carrier, const char *types);
static bool counts(const char *types, const char *type);

void prices_start(struct prices *prices, const char *origin, const char *currency, const char *types)
{
    *prices = (struct prices){.origin = origin, .currency = currency, .types = types};
    prices->countries = json_array();
    prices->taken = json_array();
    snprintf(prices->url, sizeof(prices->url), "%s/v1/Messaging/Countries?PageSize=200", origin);
}

const char *prices_next(struct prices *prices)
{
    if (*prices->url)
        return prices->url; /* a page */
    if (prices->asked == json_array_size(prices->countries))
        return NULL;
    snprintf(prices->url, sizeof(prices->url), "%s/v1/Messaging/Countries/%s", prices->origin,
             json_string_value(json_array_get(prices->countries, prices->asked)));
    return prices->url;
}

bool prices_take(struct prices *prices, const struct fetch_answer *answer)
{
    bool is_page = strstr(prices->url, "/Countries?") != NULL;
    bool answered = answer->end == FETCH_ANSWERED && answer->status == 200;
    json_t *root = answered ? twilio_json(answer) : NULL;
    prices->url[0] = '\0';
    bool good = is_page ? take_page(prices, root) : take_country(prices, root);
    json_decref(root);
    return good;
}

void prices_end(struct prices *prices)
{
    json_decref(prices->countries);
    json_decref(prices->taken);
}

static bool take_page(struct prices *prices, json_t *page)
{
    size_t i;
    json_t *country;
    json_t *list = json_object_get(page, "countries");
    const char *next = json_string_value(json_object_get(json_object_get(page, "meta"), "next_page_url"));
    if (!json_is_array(list) || ++prices->pages > PAGES_MOST) {
        prices->fault = "the list of countries cannot be read";
        return false;
    }
    json_array_foreach(list, i, country)
    {
        json_t *code = json_object_get(country, "iso_country");
        if (is_country(json_string_value(code)))
            json_array_append(prices->countries, code);
    }
    return !next || keep_next_page(prices, next);
}

/* Only an address of the same API is followed. */
static bool keep_next_page(struct prices *prices, const char *next)
{
    size_t len = strlen(prices->origin);
    if (strncmp(next, prices->origin, len) != 0 || strncmp(next + len, "/v1/Messaging/Countries?", 24) != 0 ||
        strlen(next) >= sizeof(prices->url)) {
        prices->fault = "the next page is somewhere else";
        return false;
    }
    memcpy(prices->url, next, strlen(next) + 1);
    return true;
}

static bool is_country(const char *text)
{
    return text && strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

static bool take_country(struct prices *prices, json_t *country)
{
    json_t *code = json_array_get(prices->countries, prices->asked++);
    int64_t micros = prices_country(country, prices->currency, prices->types);
    if (micros == -2) {
        prices->fault = "the prices are in another currency";
        return false;
    }
    if (micros < 0 && ++prices->unread > UNREAD_MOST) {
        prices->fault = "too many countries cannot be read";
        return false;
    }
    if (micros > 0)
        json_array_append_new(prices->taken, json_pack("{sOsI}", "country", code, "price_micros", (json_int_t)micros));
    return true;
}

int64_t prices_country(json_t *country, const char *currency, const char *types)
{
    char unit[MONEY_CURRENCY];
    size_t i;
    json_t *carrier;
    json_t *carriers = json_object_get(country, "outbound_sms_prices");
    int64_t most = 0;
    if (!json_is_array(carriers))
        return -1;
    if (json_array_size(carriers) == 0)
        return 0;
    if (!money_read_currency(json_string_value(json_object_get(country, "price_unit")), unit) ||
        strcmp(unit, currency) != 0)
        return -2;
    json_array_foreach(carriers, i, carrier)
    {
        int64_t micros = highest(carrier, types);
        if (micros < 0)
            return -1;
        most = micros > most ? micros : most;
    }
    return most;
}

/* A price that cannot be read makes the whole country unreadable: it could have been the highest. */
static int64_t highest(json_t *carrier, const char *types)
{
    size_t i;
    json_t *price;
    json_t *list = json_object_get(carrier, "prices");
    int64_t most = 0;
    if (!json_is_array(list))
        return -1;
    json_array_foreach(list, i, price)
    {
        int64_t micros;
        const char *type = json_string_value(json_object_get(price, "number_type"));
        const char *current = json_string_value(json_object_get(price, "current_price"));
        if (!type || !current || !money_read(current, &micros) || micros < 0)
            return -1;
        if (counts(types, type) && micros > most)
            most = micros;
    }
    return most;
}

/* Is `type` in the comma-separated list? An empty list has all. */
static bool counts(const char *types, const char *type)
{
    size_t len = strlen(type);
    if (!*types)
        return true;
    while (*types) {
        size_t word = strcspn(types, ",");
        if (word == len && strncmp(types, type, len) == 0)
            return true;
        types += word + (types[word] == ',');
    }
    return false;
}
