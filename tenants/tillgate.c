/* tillgate: the product, handed to the runtime. */
#include "app.h"
#include "caller.h"
#include "clock.h"
#include "counts.h"
#include "factors/phone_number.h"
#include "fetch.h"
#include "hosts.h"
#include "launch/jwks.h"
#include "locales.h"
#include "log.h"
#include "loop.h"
#include "outbound.h"
#include "outbox/outbox.h"
#include "panel/panel.h"
#include "problems.h"
#include "provisioning/provisioning.h"
#include "routes.h"
#include "settings.h"
#include "sms/callbacks.h"
#include "sms/price_sync.h"
#include "sms/sender.h"
#include "sms/texts.h"
#include "text.h"

#include <liboath/oath.h>

#define JOBS_MS 2000 /* between rounds of the ledger, the breakers, expiry and clean-up */

static bool check_config(void);
static bool texts_fit(void);
static bool exceptions_read(void);
static void start(void);
static void stop(void);
static int command(int argc, char **argv);
static void jobs_start(void *unused);
static step jobs_tick, jobs_end;

int main(int argc, char **argv)
{
    const struct app app = {
        .name = "tillgate",
        .version = TILLGATE_VERSION,
        .routes = ROUTES,
        .route_count = ROUTE_COUNT,
        .level_names = LEVELS,
        .problems = PROBLEMS,
        .problem_count = PROBLEM_COUNT,
        .config_keys = SETTINGS,
        .config_key_count = SETTING_COUNT,
        .host_class = hosts_class,
        .static_host_class = HOST_PANEL,
        .admit = caller_admit,
        .body_limit = caller_body_limit,
        .headers = caller_headers,
        .check_config = check_config,
        .start = start,
        .stop = stop,
        .command = command,
    };
    return server_main(argc, argv, &app);
}

static int command(int argc, char **argv)
{
    static int (*const commands[])(int, char **) = {platform_keys_command, prices_command, chain_command};
    int code = -1;
    for (size_t i = 0; i < LEN(commands) && code < 0; i++)
        code = commands[i](argc, argv);
    return code;
}

/* Everything that can be wrong is said at once. What is read here is shared by the workers, which are forked later. */
static bool check_config(void)
{
    bool good = hosts_start();
    good = good && texts_fit();
    good = exceptions_read() && good;
    good = phone_start(config_text("phone_metadata")) && good;
    good = good && outbox_check();
    openapi_start();
    good = callbacks_start() && good;
    good = sender_check() && good;
    counts_start();
    clock_start();
    return good;
}

/* Does the longest panel host leave room for a store's name in every text? */
static bool texts_fit(void)
{
    static const char *const purposes[] = {"sign_in", "phone_set_up", "phone_change"};
    char slug[HOSTS_SLUG], host[400], text[TEXTS_ROOM];
    memset(slug, 'm', sizeof(slug) - 1);
    slug[sizeof(slug) - 1] = '\0';
    hosts_panel(slug, host, sizeof(host));
    for (size_t i = 0; i < LEN(purposes); i++) {
        for (size_t j = 0; LOCALES[j]; j++) {
            const struct text_parts parts = {purposes[i], LOCALES[j], "000000", "Store", slug, host, 600};
            if (!texts_compose(&parts, text)) {
                log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", "panel_origins"),
                          L_TEXT("why", "too long for one text"));
                return false;
            }
        }
    }
    return true;
}

static bool exceptions_read(void)
{
    bool good = outbound_start(config_text("outbound_allow"));
    if (!good)
        log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", "outbound_allow"));
    return good;
}

static void start(void)
{
    if (oath_init() != OATH_OK)
        die("liboath does not start");
    identity_start();
    sender_start();
    fetch_guarded_ca(config_text("outbound_ca_file"));
    price_sync_start();
    chain_job_start();
    outbox_start();
    jwks_start();
    export_job_start();
    loop_every(JOBS_MS, jobs_start, NULL);
}

static void stop(void)
{
    sender_stop();
    identity_stop();
}

static void jobs_start(void *unused)
{
    (void)unused;
    if (!server_draining())
        req_job("jobs_tick", jobs_tick, NULL);
}

static void jobs_tick(struct req *rq)
{
    long long *began = rq->state = req_alloc(rq, sizeof(*began));
    *began = text_now_ms();
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "jobs_tick", ARGS(), jobs_end);
}

static void jobs_end(struct req *rq)
{
    if (db_row(rq)->code)
        log_event(LOG_WARN, rq, "jobs_refused", L_TEXT("code", db_row(rq)->code));
    else
        clock_compare(*(long long *)rq->state, json_integer_value(json_object_get(db_body(rq), "at_ms")));
}
