/* counts: counters by word. */
#include "counts.h"

#include "db.h"
#include "metrics.h"

#define OTHER "other"

struct counter {
    const char *word;
    struct metric *metric;
};

static void start(struct counter *counters, const char *name, const char *label, const char *help);
static void count(struct counter *counters, const char *word);

/* Each list ends with OTHER, which takes what is not in it. */
static struct counter sends[] = {{"accepted"}, {"delivered"}, {"retry"}, {"failed"},  {"config"},   {"ambiguous"},
                                 {"resolved"}, {"gone"},      {"moved"}, {"settled"}, {"feedback"}, {OTHER}};
static struct counter webhooks[] = {{"delivered"}, {"refused"}, {"unanswered"}, {"disabled"}, {OTHER}};
static struct counter mails[] = {{"sent"}, {"retry"}, {"failed"}, {OTHER}};
static struct counter verifies[] = {{"right"},  {"code_wrong"}, {"code_expired"}, {"challenge_exhausted"},
                                    {"locked"}, {"method_off"}, {OTHER}};
static struct counter refusals[] = {
    {"resend_too_early"},    {"limit_phone"},       {"limit_user"},    {"limit_address"},  {"limit_range"},
    {"country_not_allowed"}, {"number_suppressed"}, {"texts_stopped"}, {"price_too_high"}, {"limit_country"},
    {"breaker_open"},        {"limit_ramp"},        {"limit_money"},   {"platform_money"}, {OTHER},
};
static struct metric *waiting_gauge;

void counts_start(void)
{
    start(sends, "tillgate_sends_total", "outcome", "What became of a text at the provider.");
    start(webhooks, "tillgate_webhooks_total", "outcome", "What became of a message to an endpoint of the platform.");
    start(mails, "tillgate_mails_total", "outcome", "What became of a notice by mail.");
    start(verifies, "tillgate_verifies_total", "result", "Codes checked.");
    start(refusals, "tillgate_sends_refused_total", "code", "Texts asked for and refused before they cost anything.");
    waiting_gauge =
        metrics_gauge("tillgate_sends_waiting", NULL, "Texts that wait for a free place in their worker's sender.");
}

static void start(struct counter *counters, const char *name, const char *label, const char *help)
{
    for (struct counter *at = counters;; at++) {
        char labels[64];
        snprintf(labels, sizeof(labels), "%s=\"%s\"", label, at->word);
        at->metric = metrics_counter(name, labels, help);
        if (strcmp(at->word, OTHER) == 0)
            return;
    }
}

void counts_send(const char *outcome)
{
    count(sends, outcome);
}

void counts_webhook(const char *outcome)
{
    count(webhooks, outcome);
}

void counts_mail(const char *outcome)
{
    count(mails, outcome);
}

void counts_send_waiting(int64_t waiting)
{
    metrics_set(waiting_gauge, waiting);
}

void counts_verify(const struct db_row *row)
{
    count(verifies, row->status == 200 ? "right" : row->code ? row->code : OTHER);
}

void counts_refused(const struct db_row *row)
{
    if (row->code)
        count(refusals, row->code);
}

static void count(struct counter *counters, const char *word)
{
    struct counter *at = counters;
    while (strcmp(at->word, word) != 0 && strcmp(at->word, OTHER) != 0)
        at++;
    metrics_add(at->metric, 1);
}
