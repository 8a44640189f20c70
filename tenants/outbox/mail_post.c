/* mail_post: one notice: claim it (committed), send it, record how that ended. */
#include "outbox/outbox.h"

#include "caller.h"
#include "config.h"
#include "counts.h"
#include "fetch.h"
#include "hosts.h"
#include "log.h"
#include "loop.h"
#include "outbound.h"
#include "origin.h"
#include "outbox/mail.h"
#include "text.h"

#define DEADLINE_MS 30000
#define CLAIM_LATE_MS 60000 /* the lease is 2 minutes: whoever was held up longer than this sends nothing */
#define REASON_MOST 120

static step mail_post_claimed, mail_post_sent, mail_post_recorded;
static bool compose(json_t *body, char message[static MAIL_ROOM]);
static void record(struct req *rq, const char *outcome, const char *reason);
static bool read_url(const char *text);
static void panel_of(const char *slug, char *out, size_t room);
static const char *text_of(json_t *body, const char *member);

static char url[600], from[MAIL_ADDRESS], secret[256];
static bool plain;

bool mail_post_can(void)
{
    return *url != '\0';
}

bool mail_post_check(void)
{
    const char *const keys[] = {"smtp_url", "smtp_user", "smtp_secret_file", "mail_from"};
    const char *wrong = NULL;
    size_t len = 0;
    *url = '\0';
    if (!*config_text("smtp_url")) {
        for (size_t i = 1; i < LEN(keys); i++)
            wrong = *config_text(keys[i]) ? keys[i] : wrong; /* of no use without a server */
        if (!wrong)
            log_event(LOG_INFO, NULL, "mail_off",
                      L_TEXT("why", "smtp_url is not set: nobody is told anything by mail"));
    } else if (!read_url(config_text("smtp_url"))) {
        wrong = "smtp_url";
    } else if (!mail_is_from(config_text("mail_from"), from)) {
        wrong = "mail_from";
    } else if (!*config_text("smtp_user") != !*config_text("smtp_secret_file")) {
        wrong = "smtp_secret_file";
    } else if (*config_text("smtp_user") &&
               !config_secret(config_text("smtp_secret_file"), secret, sizeof(secret), &len)) {
        return false; /* said already */
    }
    secret[strcspn(secret, "\r\n")] = '\0';
    if (wrong)
        log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", wrong));
    return !wrong;
}

/* smtp://host or smtps://host, with a port or without; behind it goes the name that we greet with. */
static bool read_url(const char *text)
{
    bool secure = strncmp(text, "smtps://", 8) == 0;
    const char *host = text + (secure ? 8 : 7);
    const char *name = strstr(hosts_hooks_origin(), "://") + 3;
    char as_web[400], origin[ORIGIN_TEXT];
    if (!secure && strncmp(text, "smtp://", 7) != 0)
        return false;
    /* the same narrow reading as that of web addresses */
    snprintf(as_web, sizeof(as_web), "https://%s", host);
    if (strlen(host) > 300 || strpbrk(host, "/?#") || !origin_of(as_web, origin))
        return false;
    plain = !secure && outbound_excepted(as_web);
    snprintf(url, sizeof(url), "%s/%.*s", text, (int)strcspn(name, ":/ "), name);
    return true;
}

void mail_post_begin(struct req *rq)
{
    struct errand_mail *errand = rq->state;
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "mail_claim",
            ARGS(db_uuid(errand->mail), db_int(errand->fence)), mail_post_claimed);
}

static void mail_post_claimed(struct req *rq)
{
    struct errand_mail *errand = rq->state;
    json_t *body = db_body(rq);
    char message[MAIL_ROOM];
    if (db_row(rq)->status != 200 || loop_now_ms() - errand->since_ms > CLAIM_LATE_MS)
        return; /* nobody to mail, or another worker has it */
    if (!compose(body, message)) {
        record(rq, "failed", "not an address that mail can be sent to");
        return;
    }
    fetch_mail(rq,
               &(struct fetch_mail){.url = url,
                                    .plain = plain,
                                    .user = *secret ? config_text("smtp_user") : NULL,
                                    .password = secret,
                                    .from = from,
                                    .to = text_of(body, "to"),
                                    .message = message,
                                    .deadline_ms = DEADLINE_MS},
               mail_post_sent);
}

static bool compose(json_t *body, char message[static MAIL_ROOM])
{
    char panel[600];
    const char *until = json_string_value(json_object_get(body, "until"));
    panel_of(text_of(body, "slug"), panel, sizeof(panel));
    return mail_compose(&(struct mail_parts){.id = text_of(body, "id"),
                                             .from = config_text("mail_from"),
                                             .to = text_of(body, "to"),
                                             .notice = text_of(body, "notice"),
                                             .locale = text_of(body, "locale"),
                                             .store = text_of(body, "store"),
                                             .panel = panel,
                                             .at = text_of(body, "at"),
                                             .until = until,
                                             .percent = (int)json_integer_value(json_object_get(body, "percent")),
                                             .now_s = text_now_ms() / 1000},
                        message);
}

/* "https://{slug}.panel.example/launch" with the slug in, up to the path. */
static void panel_of(const char *slug, char *out, size_t room)
{
    const char *template = hosts_launch_template(), *hole = strstr(template, "{slug}"), *rest = hole + 6;
    snprintf(out, room, "%.*s%s%.*s", (int)(hole - template), template, slug, (int)strcspn(rest, "/"), rest);
}

static const char *text_of(json_t *body, const char *member)
{
    const char *text = json_string_value(json_object_get(body, member));
    return text ? text : "";
}

/* 5xx to the recipient or the message is for good; everything else may be better later. */
static void mail_post_sent(struct req *rq)
{
    const struct fetch_answer *answer = fetch_answer(rq);
    const char *reason =
        answer->status ? req_printf(rq, "%d", answer->status) : req_printf(rq, "%.*s", REASON_MOST, answer->error);
    if (answer->end == FETCH_ANSWERED)
        record(rq, "sent", NULL);
    else
        record(rq, answer->status >= 550 && answer->status <= 559 ? "failed" : "retry", reason);
}

static void record(struct req *rq, const char *outcome, const char *reason)
{
    struct errand_mail *errand = rq->state;
    counts_mail(outcome);
    if (reason)
        log_event(LOG_INFO, rq, "mail_not_sent", L_TEXT("outcome", outcome), L_TEXT("why", reason));
    db_call(rq, DB_WRITE, caller_system(rq, errand->tenant), "mail_outcome",
            ARGS(db_uuid(errand->mail), db_int(errand->fence), db_text(outcome), db_text(reason)), mail_post_recorded);
}

static void mail_post_recorded(struct req *rq)
{
    if (db_row(rq)->status != 204)
        log_event(LOG_INFO, rq, "mail_taken_over", L_TEXT("code", db_row(rq)->code)); /* the lease had run out */
}
