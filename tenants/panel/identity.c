/* identity: what an application behind the panel learns of the person at the browser: by headers that its edge passes on,
 * and by a signed token that it can check for itself. Asked for each of its requests, so that an ended session is out
 * with the next one. */
#include "panel/panel.h"

#include "caller.h"
#include "config.h"
#include "json.h"
#include "origin.h"
#include "sign.h"
#include "text.h"

#define TOKEN_SECONDS 300

static step identity_read_then;
static void show_headers(struct req *rq, json_t *session);
static const char *methods(struct req *rq, json_t *amr);
static json_t *claims(struct req *rq, json_t *session);
static const char *typeid(struct req *rq, const char *prefix, const uint8_t uuid[static 16]);
static void lead_to_sign_in(struct req *rq);
static const char *sign_in_page(struct req *rq);

void identity_start(void)
{
    sign_start("identity-es256", "identity+jwt");
}

void identity_stop(void)
{
    sign_stop();
}

void jwks_read(struct req *rq)
{
    /* As long as a token lives: by then a key that has just begun to sign must be known. */
    req_set_static_header(rq, "Cache-Control", "public, max-age=300");
    req_reply_json(rq, 200, sign_jwks());
}

/* refuse=redirect is for edges that pass our refusal on to the browser as it is. */
void identity_read(struct req *rq)
{
    const struct caller *caller = caller_of(rq);
    const char *refuse = json_query(rq, "refuse");
    bool *redirect = rq->state = req_alloc(rq, sizeof(*redirect));
    *redirect = refuse && strcmp(refuse, "redirect") == 0;
    if (refuse && !*redirect)
        json_bad(rq, "?refuse", "invalid");
    if (!json_done(rq))
        return;
    if (caller->enter.function)
        db_call(rq, DB_READ, &caller->enter, "identity_read", ARGS(), identity_read_then);
    else
        lead_to_sign_in(rq);
}

static void identity_read_then(struct req *rq)
{
    json_t *session = db_row(rq)->status == 200 ? db_body(rq) : NULL;
    if (!session) {
        lead_to_sign_in(rq);
        return;
    }
    show_headers(rq, session);
    req_set_header(rq, "X-Tillgate-Token", sign_jws(rq, claims(rq, session)));
    req_reply_empty(rq, 200);
}

/* Words and numbers of ours only: what people typed, such as names, is in the token, where any character is safe. */
static void show_headers(struct req *rq, json_t *session)
{
    const struct db_row *row = db_row(rq);
    req_set_header(rq, "X-Tillgate-User", typeid(rq, "user", row->user_id));
    req_set_header(rq, "X-Tillgate-Tenant", typeid(rq, "tenant", row->tenant_id));
    req_set_header(rq, "X-Tillgate-Role", json_string_value(json_object_get(session, "role")));
    req_set_header(rq, "X-Tillgate-Amr", methods(rq, json_object_get(session, "amr")));
    req_set_header(rq, "X-Tillgate-Auth-Time",
                   req_printf(rq, "%lld", (long long)json_integer_value(json_object_get(session, "auth_time"))));
}

/* "otp,sms" */
static const char *methods(struct req *rq, json_t *amr)
{
    const char *list = "";
    json_t *each;
    size_t i;
    json_array_foreach(amr, i, each) list = req_printf(rq, "%s%s%s", list, i ? "," : "", json_string_value(each));
    return list;
}

/* The session as SQL told it, with what only this process knows. A token never outlives its session. */
static json_t *claims(struct req *rq, json_t *session)
{
    const struct caller *caller = caller_of(rq);
    const char *audience = config_text("identity_audience");
    char issuer[ORIGIN_TEXT];
    json_t *all = json_copy(session); /* auth_time, role, amr, name, store, sid, iat, exp */
    json_int_t issued = json_integer_value(json_object_get(all, "iat"));
    json_int_t ends = json_integer_value(json_object_get(all, "exp"));
    hosts_panel_origin(caller->slug, issuer, sizeof(issuer));
    json_object_set_new(all, "iss", json_string(issuer));
    json_object_set_new(all, "aud", json_string(*audience ? audience : caller->slug));
    json_object_set_new(all, "sub", json_string(typeid(rq, "user", db_row(rq)->user_id)));
    json_object_set_new(all, "tenant", json_string(typeid(rq, "tenant", db_row(rq)->tenant_id)));
    json_object_set_new(all, "jti", json_string(typeid(rq, "request", rq->id)));
    if (ends > issued + TOKEN_SECONDS)
        json_object_set_new(all, "exp", json_integer(issued + TOKEN_SECONDS));
    return all;
}

static const char *typeid(struct req *rq, const char *prefix, const uint8_t uuid[static 16])
{
    char *text = req_alloc(rq, TEXT_TYPEID);
    text_typeid(prefix, uuid, text);
    return text;
}

/* One answer for whoever is not signed in, and why does not matter here: the panel's page knows what to say. */
static void lead_to_sign_in(struct req *rq)
{
    const bool *redirect = rq->state;
    const char *page = sign_in_page(rq);
    if (*redirect) {
        req_set_header(rq, "Location", page);
        req_reply_empty(rq, 303);
        return;
    }
    req_set_header(rq, "X-Tillgate-Sign-In", page);
    req_fail_with(rq, "sign_in_required", json_pack("{ss}", "sign_in", page));
}

/* The panel's first page, and what to open after it: the path that the edge was asked for. No host and no scheme: the
 * browser stays where it is. */
static const char *sign_in_page(struct req *rq)
{
    const char *path = req_header(rq, "x-forwarded-uri");
    if (!path || !origin_keeps(path))
        return "/";
    size_t len = text_percent(path, NULL, 0);
    char *encoded = req_alloc(rq, len + 1);
    text_percent(path, encoded, len + 1);
    return req_printf(rq, "/?return=%s", encoded);
}
