/* stops: kill switches for texts: of the platform, of a country, of a store. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "factors/phone_number.h"
#include "json.h"
#include "text.h"

static const char *const SCOPES[] = {"platform", "country", "tenant", NULL};

void stop_set(struct req *rq)
{
    uint8_t *tenant = req_alloc(rq, 16);
    const char *country = NULL, *id = NULL;
    const char *scope = json_need_word(rq, "/scope", SCOPES);
    bool stopped = json_may_bool(rq, "/stopped", false);
    const char *reason = json_need_text(rq, "/reason", 1, 200);
    if (!json_has(rq, "/stopped"))
        json_bad(rq, "/stopped", "required");
    if (scope && strcmp(scope, "country") == 0)
        country = json_need_text(rq, "/country", 2, 2);
    if (scope && strcmp(scope, "tenant") == 0)
        id = json_need_text(rq, "/tenant", 1, TEXT_TYPEID);
    if (country && !phone_has_country(country))
        json_bad(rq, "/country", "invalid");
    if (id && !text_untypeid("tenant", id, tenant))
        json_bad(rq, "/tenant", "invalid");
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "stop_set",
            ARGS(db_text(scope), db_text(country), db_uuid(id ? tenant : NULL), db_bool(stopped), db_text(reason)),
            reply_row);
}

void stop_list(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "stop_list", ARGS(), reply_row);
}
