/* prices_command: the operator's subcommand that reads the provider's prices now, and lists those that count. */
#include "provisioning/provisioning.h"

#include "config.h"
#include "db.h"
#include "fetch.h"
#include "log.h"
#include "settings.h"
#include "sms/prices.h"
#include "sms/sender.h"

#define DEADLINE_MS 20000

static int sync(void);
static bool read_all(struct prices *prices);
static int put(const struct prices *prices);
static int list(void);
static int usage(void);

int prices_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "prices") != 0)
        return -1;
    bool is_sync = argc == 4 && strcmp(argv[2], "sync") == 0;
    if (!is_sync && (argc != 4 || strcmp(argv[2], "list") != 0))
        return usage();
    if (!config_load(argv[3], SETTINGS, SETTING_COUNT))
        return 1;
    if (!*config_text("operator_database")) {
        fprintf(stderr, "tillgate: operator_database is not configured in %s\n", argv[3]);
        return 1;
    }
    return is_sync ? sync() : list();
}

static int sync(void)
{
    struct prices prices;
    if (!sender_check())
        return 1;
    fetch_start(config_text("twilio_ca_file"));
    fetch_allow(config_text("twilio_pricing_url"));
    prices_start(&prices, config_text("twilio_pricing_url"), config_text("currency"),
                 config_text("twilio_number_types"));
    int code = read_all(&prices) ? put(&prices) : 1;
    prices_end(&prices);
    fetch_stop();
    sender_stop();
    return code;
}

static bool read_all(struct prices *prices)
{
    const struct account *account = sender_account();
    const char *url;
    while ((url = prices_next(prices))) {
        char *body;
        struct fetch_answer answer = fetch_once(&(struct fetch_request){.method = "GET",
                                                                        .url = url,
                                                                        .user = account->user,
                                                                        .password = account->secret,
                                                                        .deadline_ms = DEADLINE_MS,
                                                                        .most = PRICES_ANSWER},
                                                &body);
        bool good = prices_take(prices, &answer);
        if (!good)
            fprintf(stderr, "tillgate: %s (%s)\n", prices->fault,
                    answer.end == FETCH_ANSWERED ? "answered" : answer.error);
        free(body);
        if (!good)
            return false;
    }
    return true;
}

/* The currency is settled by the first synchronisation; a later, other one is refused. */
static int put(const struct prices *prices)
{
    const char *database = config_text("operator_database"), *currency = config_text("currency");
    char *text = json_dumps(prices->taken, JSON_COMPACT);
    const struct db_arg list_arg = {.type = DB_JSON, .bytes = text, .len = strlen(text)};
    json_t *settled = db_once(database, "operator.currency_set", ARGS(db_text(currency)));
    const char *present = json_string_value(json_object_get(settled, "currency"));
    bool fits = present && strcmp(present, currency) == 0;
    json_t *answer = fits ? db_once(database, "operator.prices_put", ARGS(db_text(currency), list_arg)) : NULL;
    json_t *taken = json_object_get(answer, "taken");
    if (taken)
        printf("%lld countries, %zu could not be read\n", (long long)json_integer_value(taken), prices->unread);
    else if (settled)
        fprintf(stderr, "tillgate: the database counts in %s, the configuration says %s\n",
                present ? present : "another currency", currency);
    bool whole = taken && prices->unread == 0;
    json_decref(answer);
    json_decref(settled);
    free(text);
    return whole ? 0 : 1;
}

static int list(void)
{
    size_t i;
    json_t *price;
    json_t *answer = db_once(config_text("operator_database"), "operator.prices_list", ARGS());
    json_array_foreach(json_object_get(answer, "items"), i, price)
    {
        json_int_t micros = json_integer_value(json_object_get(price, "price_micros"));
        const char *synced = json_string_value(json_object_get(price, "synced_at"));
        printf("%s  %lld.%06lld %s  %s  %s\n", json_string_value(json_object_get(price, "country")),
               (long long)micros / 1000000, (long long)micros % 1000000,
               json_string_value(json_object_get(price, "currency")),
               json_string_value(json_object_get(price, "source")), synced ? synced : "never");
    }
    json_decref(answer);
    return answer ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: tillgate prices sync CONFIG\n"
                    "       tillgate prices list CONFIG\n");
    return 2;
}
