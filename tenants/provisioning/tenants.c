/* tenants: stores, as the platform makes, reads, changes, suspends, deletes and restores them. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "factors/phone_number.h"
#include "hosts.h"
#include "json.h"
#include "locales.h"
#include "origin.h"
#include "text.h"

#define CODE_LIFE_LEAST 120 /* seconds */
#define CODE_LIFE_MOST 600
#define CODE_LIFE 300

static step tenant_create_then;

static const char *const STATUSES[] = {"trial", "active", NULL};
static const char *const ALL_STATUSES[] = {"trial", "active", "suspended", "deleting", NULL};

void tenant_create(struct req *rq)
{
    uint8_t *id = req_alloc(rq, 16);
    const char *slug = json_need_text(rq, "/slug", 3, HOSTS_SLUG - 1);
    const char *name = json_need_text(rq, "/name", 1, 80);
    const char *country = json_need_text(rq, "/country", 2, 2);
    const char *locale = json_may_word(rq, "/locale", LOCALES);
    json_t *return_origins = json_may_texts(rq, "/return_origins", 10, origin_is);
    json_t *sms_countries = json_may_texts(rq, "/sms_countries", 250, phone_has_country);
    int64_t code_life = json_may_int(rq, "/code_life_seconds", CODE_LIFE_LEAST, CODE_LIFE_MOST, CODE_LIFE);
    const char *status = json_may_word(rq, "/status", STATUSES);
    const char *trial_end = json_may_text(rq, "/trial_ends_at", 20, 30); /* SQL knows what time it is */
    bool dry_run = json_may_bool(rq, "/dry_run", false);
    if (slug && !hosts_is_slug(slug))
        json_bad(rq, "/slug", "invalid");
    if (country && !phone_has_country(country))
        json_bad(rq, "/country", "invalid");
    if (!json_done(rq))
        return;

    text_uuid7(id);
    json_t *none = json_array();
    req_defer_json(rq, none);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_create",
            ARGS(db_uuid(id), db_text(slug), db_text(name), db_text(country), db_text(locale ? locale : "en"),
                 db_json(rq, return_origins ? return_origins : none), db_json(rq, sms_countries), db_int(code_life),
                 db_text(status ? status : "active"), db_text(trial_end), db_bool(dry_run)),
            tenant_create_then);
}

static void tenant_create_then(struct req *rq)
{
    const char *id = db_row(rq)->status == 201 ? json_string_value(json_object_get(db_body(rq), "id")) : NULL;
    if (id)
        req_set_header(rq, "Location", req_printf(rq, "/v1/tenants/%s", id));
    reply_row(rq);
}

void tenant_list(struct req *rq)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    const char *status = json_filter_word(rq, "status", ALL_STATUSES);
    const char *slug = json_filter_text(rq, "slug", HOSTS_SLUG - 1);
    if (slug && !hosts_is_slug(slug))
        json_bad(rq, "?slug", "invalid");
    if (!json_page(rq, "tenant", &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "tenant_list",
            ARGS(db_int(limit), db_uuid(has_after ? after : NULL), db_text(status), db_text(slug)), reply_row);
}

void tenant_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "tenant_read", ARGS(), reply_row);
}

void tenant_change(struct req *rq)
{
    const char *if_match = req_header(rq, "if-match");
    const char *name = json_may_text(rq, "/name", 1, 80);
    const char *locale = json_may_word(rq, "/locale", LOCALES);
    json_t *return_origins = json_may_texts(rq, "/return_origins", 10, origin_is);
    json_t *sms_countries = json_may_texts(rq, "/sms_countries", 250, phone_has_country);
    int64_t code_life = json_may_int(rq, "/code_life_seconds", CODE_LIFE_LEAST, CODE_LIFE_MOST, 0);
    const char *status = json_may_word(rq, "/status", STATUSES + 1); /* a trial may become active */
    const char *trial_end = json_may_text(rq, "/trial_ends_at", 20, 30);
    if (!if_match) {
        req_fail(rq, "precondition_required");
        return;
    }
    if (!json_object_size(rq->json))
        json_bad(rq, "", "required"); /* nothing to change */
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_change",
            ARGS(db_text(if_match), db_text(name), db_text(locale), db_json(rq, return_origins),
                 db_json(rq, sms_countries), code_life ? db_int(code_life) : db_null_int(), db_text(status),
                 db_text(trial_end)),
            reply_row);
}

void tenant_suspend(struct req *rq)
{
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_suspend", ARGS(db_text(reason)), reply_row);
}

void tenant_resume(struct req *rq)
{
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    const char *status = json_may_word(rq, "/status", STATUSES);
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_resume", ARGS(db_text(reason), db_text(status)), reply_row);
}

void tenant_delete(struct req *rq)
{
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_delete", ARGS(), reply_row);
}

void tenant_restore(struct req *rq)
{
    if (json_done(rq))
        db_call(rq, DB_WRITE, &caller_of(rq)->enter, "tenant_restore", ARGS(), reply_row);
}

void purge_list(struct req *rq)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    if (!json_page(rq, "tenant", &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "purge_list", ARGS(db_int(limit), db_uuid(has_after ? after : NULL)),
            reply_row);
}
