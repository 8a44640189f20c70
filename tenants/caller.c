/* caller: keys, cookies and fences, before the database is asked. */
#include "caller.h"

#include "config.h"
#include "cookies.h"
#include "route.h"
#include "scopes.h"
#include "text.h"

#define KEY_SECRET 43 /* base64url of 32 bytes */
#define KEY_TENANT 26 /* suffix of a tenant's TypeID */
#define IDEM_KEY_MOST 255

static bool admit_platform(struct req *rq, struct caller *caller);
static bool admit_tenant(struct req *rq, struct caller *caller);
static bool admit_host(struct req *rq, struct caller *caller);
static bool admit_session(struct req *rq, struct caller *caller);
static bool admit_forward(struct req *rq, struct caller *caller);
static bool take_session(struct req *rq, struct caller *caller, enum level level);
static const char *forwarded_host(struct req *rq);
static bool passes_fences(struct req *rq, const struct caller *caller);
static const char *bearer(struct req *rq, const char *kind, size_t secret_len, bool *ret_test);
static bool fingerprint(struct req *rq, struct caller *caller, const char **ret_key);
static bool refuse_key(struct req *rq);

const char *const LEVELS[] = {
    [LEVEL_PUBLIC] = "public",   [LEVEL_CALLBACK] = "callback",   [LEVEL_PLATFORM] = "platform",
    [LEVEL_TENANT] = "tenant",   [LEVEL_HOST] = "host",           [LEVEL_LAUNCHED] = "launched",
    [LEVEL_SET_UP] = "set_up",   [LEVEL_SIGNED_IN] = "signed_in", [LEVEL_FRESH] = "fresh",
    [LEVEL_FORWARD] = "forward",
};

bool caller_admit(struct req *rq)
{
    struct caller *caller = req_alloc(rq, sizeof(*caller));
    rq->caller = caller;
    /* An address that cannot be read is not skipped by the limits: all such share one counter. */
    if (!text_address_key(rq->address, caller->address))
        snprintf(caller->address, sizeof(caller->address), "unreadable");

    switch ((enum level)rq->route->level) {
    case LEVEL_PUBLIC:
    case LEVEL_CALLBACK:
        return true;
    case LEVEL_PLATFORM:
    case LEVEL_TENANT:
        /* On every answer (RFC 9110 §11.6.1 allows it): enter may refuse the key after this hook has returned. */
        req_set_header(rq, "WWW-Authenticate", "Bearer");
        return rq->route->level == LEVEL_PLATFORM ? admit_platform(rq, caller) : admit_tenant(rq, caller);
    case LEVEL_HOST:
        return admit_host(rq, caller);
    case LEVEL_LAUNCHED:
    case LEVEL_SET_UP:
    case LEVEL_SIGNED_IN:
    case LEVEL_FRESH:
        return admit_session(rq, caller);
    case LEVEL_FORWARD:
        return admit_forward(rq, caller);
    }
    return false;
}

static bool admit_platform(struct req *rq, struct caller *caller)
{
    const char *idem_key = NULL;
    const char *key = bearer(rq, "tgp", KEY_SECRET, &caller->test);
    if (!key)
        return refuse_key(rq);
    if (!fingerprint(rq, caller, &idem_key))
        return false;

    const char *scope = scopes_need(rq->route->name);
    req_fail_says(rq, "scope_missing", "scope", scope);
    bool has_tenant = strstr(rq->route->path, "{tenant}") != NULL;
    if (has_tenant)
        caller_param(rq, 0, "tenant", caller->tenant);
    crypt_hash(key, strlen(key), caller->hash);
    memcpy(caller->enter.order, caller->tenant, 16);
    caller->enter.function = "enter_platform";
    caller->enter.args = *ARGS(db_bytes(caller->hash, CRYPT_MAC), db_uuid(has_tenant ? caller->tenant : NULL),
                               db_uuid(rq->id), db_text(caller->address), db_text(idem_key),
                               db_bytes(idem_key ? caller->idem_hash : NULL, CRYPT_MAC), db_text(scope));
    return true;
}

static bool admit_tenant(struct req *rq, struct caller *caller)
{
    const char *idem_key = NULL;
    char suffix[KEY_TENANT + 1];
    const char *key = bearer(rq, "tgt", KEY_TENANT + KEY_SECRET, &caller->test);
    if (!key)
        return refuse_key(rq);
    snprintf(suffix, sizeof(suffix), "%s", key + strlen(key) - KEY_SECRET - KEY_TENANT);
    if (!text_untypeid_suffix(suffix, caller->tenant))
        return refuse_key(rq);
    if (!fingerprint(rq, caller, &idem_key))
        return false;

    crypt_hash(key, strlen(key), caller->hash);
    memcpy(caller->enter.order, caller->tenant, 16);
    const char *scope = scopes_need(rq->route->name);
    req_fail_says(rq, "scope_missing", "scope", scope);
    caller->enter.function = "enter_tenant";
    caller->enter.args =
        *ARGS(db_uuid(caller->tenant), db_bytes(caller->hash, CRYPT_MAC), db_uuid(rq->id), db_text(caller->address),
              db_text(idem_key), db_bytes(idem_key ? caller->idem_hash : NULL, CRYPT_MAC), db_text(scope));
    return true;
}

static bool admit_host(struct req *rq, struct caller *caller)
{
    if (!hosts_slug(rq->host, caller->slug))
        return req_fail(rq, "host_unknown"), false;
    caller->enter.function = "enter_host";
    caller->enter.args = *ARGS(db_text(caller->slug), db_uuid(rq->id), db_text(caller->address));
    return true;
}

static bool admit_session(struct req *rq, struct caller *caller)
{
    if (!hosts_slug(rq->host, caller->slug))
        return req_fail(rq, "host_unknown"), false;
    if (strcmp(rq->method, "GET") != 0 && !passes_fences(rq, caller))
        return req_fail(rq, "origin_refused"), false;
    if (!take_session(rq, caller, (enum level)rq->route->level))
        return req_fail(rq, "session_required"), false;
    return true;
}

/* An edge asks about the cookies of a request to an application behind the panel. Refusals are the handler's. */
static bool admit_forward(struct req *rq, struct caller *caller)
{
    const char *host = rq->route->host == HOST_PANEL ? rq->host : forwarded_host(rq);
    if (hosts_slug(host, caller->slug) && take_session(rq, caller, LEVEL_SIGNED_IN))
        caller->enter.tell = true;
    return true;
}

/* The panel host that an edge says it was asked for, when it cannot ask under that name itself. It only says at which
 * store the cookie must be good: naming another one than the cookie's makes it good nowhere. */
static const char *forwarded_host(struct req *rq)
{
    const char *given = req_header(rq, "x-forwarded-host");
    char *host = given ? req_copy(rq, given, strcspn(given, ":")) : req_copy(rq, "", 0);
    for (char *at = host; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    return host;
}

/* The session cookie as arguments of enter; false when there is none, two, or one that is not ours. */
static bool take_session(struct req *rq, struct caller *caller, enum level level)
{
    uint8_t token[COOKIES_TOKEN];
    if (!cookies_session(rq, token))
        return false;
    memcpy(caller->tenant, token, 16);
    memcpy(caller->user, token + 16, 16);
    crypt_hash(token, sizeof(token), caller->hash);
    crypt_wipe(token, sizeof(token));
    memcpy(caller->enter.order, caller->user, 16);
    caller->enter.function = "enter_session";
    caller->enter.args =
        *ARGS(db_uuid(caller->tenant), db_uuid(caller->user), db_bytes(caller->hash, CRYPT_MAC), db_text(caller->slug),
              db_text(LEVELS[level]), db_uuid(rq->id), db_text(caller->address));
    return true;
}

/* Three fences around every change: any one of them keeps another site's page out. The cookie's SameSite is the fourth.
 */
static bool passes_fences(struct req *rq, const struct caller *caller)
{
    const char *origin = req_header(rq, "origin");
    const char *by = req_header(rq, "x-requested-by");
    const char *site = req_header(rq, "sec-fetch-site");
    return origin && hosts_is_panel_origin(caller->slug, origin) && by && strcmp(by, "tillgate-panel") == 0 &&
           (!site || strcmp(site, "same-origin") == 0);
}

/* The key in "Authorization: Bearer KIND_live_…", when its shape is right: `secret_len` characters behind the prefix.
 */
static const char *bearer(struct req *rq, const char *kind, size_t secret_len, bool *ret_test)
{
    const char *header = req_header(rq, "authorization");
    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    const char *key = header + 7;
    bool test = strncmp(key + strnlen(key, 3), "_test_", 6) == 0;
    if (strncmp(key, kind, 3) != 0 || (!test && strncmp(key + 3, "_live_", 6) != 0) || strlen(key) != 9 + secret_len)
        return NULL;
    *ret_test = test;
    return key;
}

static bool refuse_key(struct req *rq)
{
    req_fail(rq, "key_refused");
    return false;
}

/* A POST carries an Idempotency-Key; the fingerprint tells the same request from another under the same key. */
static bool fingerprint(struct req *rq, struct caller *caller, const char **ret_key)
{
    if (strcmp(rq->method, "POST") != 0)
        return true;
    const char *key = req_header(rq, "idempotency-key");
    size_t len = key ? strlen(key) : 0;
    for (size_t i = 0; i < len; i++) {
        if (key[i] < ' ' || key[i] > '~')
            len = 0;
    }
    if (!len || len > IDEM_KEY_MOST)
        return req_fail(rq, "idempotency_key_missing"), false;

    size_t head = strlen(rq->method) + strlen(rq->path) + 2;
    char *text = req_alloc(rq, head + rq->body_len + 1);
    snprintf(text, head + 1, "%s\n%s\n", rq->method, rq->path);
    memcpy(text + head, rq->body, rq->body_len);
    crypt_hash(text, head + rq->body_len, caller->idem_hash);
    *ret_key = key;
    return true;
}

void caller_headers(struct req *rq, int host_class)
{
    static const char *const always[][2] = {
        {"Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "same-origin"}, /* not no-referrer: form posts would say "Origin: null" */
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"},
    };
    /* Exactly what the built panel needs; Svelte makes one Trusted Types policy for its own templates. */
    static const char panel_policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types svelte-trusted-html";
    static const char api_policy[] = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    for (size_t i = 0; i < LEN(always); i++)
        req_set_static_header(rq, always[i][0], always[i][1]);
    req_set_static_header(rq, "Content-Security-Policy", host_class == HOST_PANEL ? panel_policy : api_policy);
}

size_t caller_body_limit(int host_class)
{
    return (host_class == HOST_API ? 64 : 16) * (size_t)1024;
}

struct caller *caller_of(struct req *rq)
{
    return rq->caller;
}

const struct db_enter *caller_system(struct req *rq, const uint8_t *tenant)
{
    struct db_enter *enter = req_alloc(rq, sizeof(*enter));
    enter->function = "enter_system";
    enter->args = *ARGS(db_uuid(tenant), db_uuid(rq->id));
    if (tenant)
        memcpy(enter->order, tenant, 16);
    return enter;
}

void caller_param(struct req *rq, size_t index, const char *prefix, uint8_t ret[static 16])
{
    memset(ret, 0, 16);
    if (!text_untypeid(prefix, rq->param[index], ret))
        memset(ret, 0, 16);
}
