/* sender: when a send is worked on; never twice at once by one worker, never more than the flow allows.
 *
 *   state in app.sends   what it means                         who moves it on
 *   queued               committed with its challenge          delivery: send_claim → in_flight; a sweep, when due
 *   in_flight            claimed; the post may have left       delivery: send_outcome; after its lease of 20 s → ambiguous
 *   accepted             Twilio has it, its sid is known       callback; lookup at 15, 60, 300 s
 *   sent                 the network has it                    callback; lookup
 *   ambiguous            posted or not: never posted again     callback; lookup by list at 3, 10, 30 s; then unknown
 *   unknown              nobody can tell any more              only a late callback
 *   delivered, undelivered, failed, expired, refused           final
 *
 *   state in this worker  in terms of fields
 *   waiting               in waiting[first..first+count)
 *   under way             a job exists (counted in under_way), named by its errand
 *   between tries         nowhere here: due_at of its row, which a sweep of any worker finds
 */
#include "sms/sender.h"

#include "app.h"
#include "caller.h"
#include "config.h"
#include "counts.h"
#include "crypt.h"
#include "fetch.h"
#include "log.h"
#include "loop.h"
#include "text.h"

#define WAITING_MOST 4096 /* what does not fit is found by a sweep */
#define SWEEP_MS 1000
#define SWEEP_MOST 256 /* sends per sweep */

enum source {
    POKED, /* just asked for: its user is looking at the screen */
    SWEPT,
};

struct waiting {
    uint8_t tenant[16];
    uint8_t send[16];
    step *begin;
    const char *name; /* of the job, static */
    enum source source;
};

/* What sends_due may ask for. */
static const struct {
    const char *action, *name;
    step *begin;
} ACTIONS[] = {
    {"claim", "delivery", delivery_begin}, {"resolve", "lookup", lookup_begin},      {"poll", "lookup", lookup_begin},
    {"price", "settle", settle_begin},     {"feedback", "feedback", feedback_begin},
};

static bool read_services(const char *text);
static const char *wrong_key(void);
static bool is_sid_text(const char *kind, const char *text);
static void enqueue(const struct waiting *work);
static void begin_what_may(void *unused);
static bool may_begin(const struct waiting *work);
static void begin(const struct waiting *work);
static void errand_over(void *unused);
static void sweep(void *unused);
static step sweep_begin, sweep_then;
static void sweep_over(void *unused);

static struct waiting waiting[WAITING_MOST];
static size_t first, count;
static int under_way;
static bool sweeping;
static struct flow flow;
static struct account account;
static const struct provider *provider;
static char account_secret[256];

bool sender_check(void)
{
    size_t len;
    account.user = config_text("twilio_user");
    account.from = config_text("twilio_from");
    account.verify_url = config_text("twilio_verify_url");
    account.verify_service = config_text("twilio_verify_service");
    snprintf(account.messages, sizeof(account.messages), "%s/2010-04-01/Accounts/%s/Messages",
             config_text("twilio_url"), config_text("twilio_account"));
    provider = provider_named(config_text("provider"));
    if (!config_secret(config_text("twilio_secret_file"), account_secret, sizeof(account_secret), &len))
        return false;
    account_secret[strcspn(account_secret, "\r\n")] = '\0';
    account.secret = account_secret;

    bool services = read_services(config_text("twilio_messaging_service"));
    const char *wrong = services ? wrong_key() : "twilio_messaging_service";
    if (wrong)
        log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", wrong));
    return !wrong;
}

/* "MG…", or "MG… MG…": the second takes over after a failure of the first. */
static bool read_services(const char *text)
{
    static const size_t length = TWILIO_SID - 1;
    size_t len = strlen(text);
    memset(account.service, 0, sizeof(account.service));
    if (len != 0 && len != length && (len != 2 * length + 1 || text[length] != ' '))
        return false;
    for (size_t i = 0; i < 2 && len > i * (length + 1); i++) {
        memcpy(account.service[i], text + i * (length + 1), length);
        if (strncmp(account.service[i], "MG", 2) != 0 || strchr(account.service[i], ' '))
            return false;
    }
    return strcmp(account.service[0], account.service[1]) != 0 || len == 0;
}

/* The first key whose value makes no sense, or NULL. */
static const char *wrong_key(void)
{
    char currency[MONEY_CURRENCY];
    const struct {
        const char *key;
        bool wrong;
    } checks[] = {
        {"provider", !provider},
        {"twilio_account", !is_sid_text("AC", config_text("twilio_account"))},
        {"twilio_from", provider == &PROVIDER_MESSAGING && !*account.from && !*account.service[0]},
        {"twilio_verify_service", provider == &PROVIDER_VERIFY && !is_sid_text("VA", account.verify_service)},
        {"twilio_secret_file", !*account_secret},
        {"twilio_url", strncmp(config_text("twilio_url"), "https://", 8) != 0},
        {"twilio_verify_url", strncmp(account.verify_url, "https://", 8) != 0},
        {"twilio_pricing_url", strncmp(config_text("twilio_pricing_url"), "https://", 8) != 0},
        {"currency",
         !money_read_currency(config_text("currency"), currency) || strcmp(currency, config_text("currency")) != 0},
    };
    for (size_t i = 0; i < LEN(checks); i++) {
        if (checks[i].wrong)
            return checks[i].key;
    }
    return NULL;
}

static bool is_sid_text(const char *kind, const char *text)
{
    return strncmp(text, kind, 2) == 0 && strlen(text) == TWILIO_SID - 1;
}

void sender_start(void)
{
    fetch_start(config_text("twilio_ca_file"));
    fetch_allow(config_text("twilio_url"));
    fetch_allow(config_text("twilio_verify_url"));
    fetch_allow(config_text("twilio_pricing_url"));
    flow_start(&flow, (int)config_int("sender_concurrency"));
    loop_every(SWEEP_MS, sweep, NULL);
}

void sender_stop(void)
{
    count = 0; /* they are queued in the database; another worker's sweep takes them */
    crypt_wipe(account_secret, sizeof(account_secret));
}

const struct account *sender_account(void)
{
    return &account;
}

const struct provider *sender_provider(const char *name)
{
    const struct provider *named = provider_named(name);
    return named ? named : provider;
}

struct flow *sender_flow(void)
{
    return &flow;
}

void sender_poke(const uint8_t *tenant, const uint8_t *send)
{
    struct waiting work = {.begin = delivery_begin, .name = "delivery", .source = POKED};
    memcpy(work.tenant, tenant, 16);
    memcpy(work.send, send, 16);
    enqueue(&work);
}

static void enqueue(const struct waiting *work)
{
    if (server_draining() || count == WAITING_MOST)
        return;
    waiting[(first + count++) % WAITING_MOST] = *work;
    loop_defer(begin_what_may, NULL);
}

static void begin_what_may(void *unused)
{
    (void)unused;
    while (!server_draining() && count && may_begin(&waiting[first])) {
        struct waiting work = waiting[first];
        first = (first + 1) % WAITING_MOST;
        count--;
        begin(&work);
    }
    counts_send_waiting((int64_t)count);
}

static bool may_begin(const struct waiting *work)
{
    if (under_way >= flow_limit(&flow))
        return false;
    /* While Twilio is down a new send is still claimed, so that its user is told; others wait for the one that probes.
     */
    return flow_closed(&flow) || work->source == POKED || under_way == 0;
}

static void begin(const struct waiting *work)
{
    struct req *job = req_job(work->name, work->begin, NULL);
    struct errand *errand = job->state = req_alloc(job, sizeof(*errand));
    memcpy(errand->tenant, work->tenant, 16);
    memcpy(errand->send, work->send, 16);
    req_at_end(job, errand_over, NULL);
    under_way++;
}

static void errand_over(void *unused)
{
    (void)unused;
    under_way--;
    if (count)
        loop_defer(begin_what_may, NULL);
}

/* What nobody poked: retries that are due, sends of workers that died, answers that never came. One worker at a time
 * looks. */
static void sweep(void *unused)
{
    (void)unused;
    bool down = !flow_closed(&flow) && !flow_half_open(&flow, loop_now_ms());
    if (server_draining() || sweeping || down || count > SWEEP_MOST)
        return;
    sweeping = true;
    struct req *job = req_job("sends_due", sweep_begin, NULL);
    req_at_end(job, sweep_over, NULL);
}

static void sweep_begin(struct req *rq)
{
    db_call(rq, DB_SLOW, caller_system(rq, NULL), "sends_due", ARGS(db_int(flow_closed(&flow) ? SWEEP_MOST : 1)),
            sweep_then);
}

static void sweep_then(struct req *rq)
{
    size_t i;
    json_t *due;
    json_array_foreach(db_body(rq), i, due)
    {
        struct waiting work = {.source = SWEPT};
        const char *tenant = json_string_value(json_object_get(due, "tenant_id"));
        const char *send = json_string_value(json_object_get(due, "send_id"));
        const char *action = json_string_value(json_object_get(due, "action"));
        if (!tenant || !send || !action || !text_unuuid(tenant, work.tenant) || !text_unuuid(send, work.send))
            continue;
        for (size_t j = 0; j < LEN(ACTIONS); j++) {
            if (strcmp(ACTIONS[j].action, action) == 0) {
                work.begin = ACTIONS[j].begin;
                work.name = ACTIONS[j].name;
            }
        }
        if (work.begin)
            enqueue(&work);
    }
}

static void sweep_over(void *unused)
{
    (void)unused;
    sweeping = false;
}
