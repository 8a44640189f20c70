/* dispatch: the way in, the same for every request and before any code of the product but its hooks. */
#include "dispatch.h"
#include "db.h"
#include "files.h"
#include "json.h"
#include "loop.h"
#include "metrics.h"
#include "metrics_inside.h"
#include "req_inside.h"
#include "text.h"

#define HEAD_MOST 16384
#define FIELDS_MOST 64
#define DEPTH_MOST 16
#define MOST_ROUTES 256

static const struct app *app;
static struct req_meter meters[MOST_ROUTES + 1]; /* the last one: everything that is no route */

static bool is_sound(struct req *rq);
static void serve_path(struct req *rq, int host_class);
static void handle(struct req *rq, const struct route *route);
static bool take_query(struct req *rq, const struct route *route);
static bool take_body(struct req *rq, const struct route *route);
static bool parse(struct req *rq);

/* ---- meters ---- */

static void meter_start(struct req_meter *meter, const char *route)
{
    char name[96], labels[96];

    for (int class = 2; class <= 5; class ++) {
        snprintf(name, sizeof name, "%s_requests_total", app->name);
        snprintf(labels, sizeof labels, "route=\"%s\",status=\"%dxx\"", route, class);
        meter->status[class] = metrics_counter(name, labels, "answered requests");
    }
    meter->status[0] = meter->status[1] = meter->status[5];
    snprintf(name, sizeof name, "%s_request_seconds", app->name);
    snprintf(labels, sizeof labels, "route=\"%s\"", route);
    meter->time = metrics_histogram(name, labels, "from the whole request to its answer");
}

void dispatch_start(const struct app *product)
{
    app = product;
    for (size_t i = 0; i < app->route_count && i < MOST_ROUTES; i++) {
        if (i > 0 && strcmp(app->routes[i].name, app->routes[i - 1].name) == 0)
            meters[i] = meters[i - 1]; /* the same on another host */
        else
            meter_start(&meters[i], app->routes[i].name);
    }
    meter_start(&meters[MOST_ROUTES], "none");
}

size_t dispatch_body_most(void)
{
    size_t most = app->body_limit(app->static_host_class);

    for (size_t i = 0; i < app->route_count; i++) {
        size_t limit = app->body_limit(app->routes[i].host);
        most = limit > most ? limit : most;
    }
    return most;
}

/* ---- every answer ---- */

/* What every answer carries, whatever becomes of the request; without the id an error would be taken for one of h2o's own. */
static void name_answer(struct req *rq)
{
    char *id = req_alloc(rq, TEXT_TYPEID);

    text_typeid("request", rq->id, id);
    req_set_static_header(rq, "X-Request-Id", id);
    req_set_static_header(rq, "Cache-Control", "no-store");
}

static void open_answer(struct req *rq)
{
    struct req_inside *in = inside(rq);

    name_answer(rq);
    in->meter = &meters[MOST_ROUTES];
    in->host_class = app->host_class(rq->host);
    app->headers(rq, in->host_class);
}

void dispatch_overloaded(struct req *rq)
{
    open_answer(rq);
    req_fail(rq, "overloaded");
}

void dispatch_too_large(struct req *rq)
{
    open_answer(rq);
    req_fail(rq, "body_too_large");
}

void dispatch_malformed(struct req *rq)
{
    open_answer(rq);
    inside(rq)->close_after = true;
    req_fail(rq, "request_malformed");
}

/* ---- the way in ---- */

void dispatch(struct req *rq)
{
    int host_class;

    open_answer(rq);
    host_class = inside(rq)->host_class;
    if (!is_sound(rq))
        return;
    if (host_class < 0)
        req_fail(rq, "host_unknown");
    else
        serve_path(rq, host_class);
}

/* Fields that decide something must come once: with two, the edge and we might each believe another one. */
static const char *const ONCE[] = {
    "authorization", "content-type", "idempotency-key", "if-match",       "if-none-match",
    "origin",        "x-real-ip",    "x-requested-by",  "sec-fetch-site", NULL};

static unsigned once_bit(const char *name)
{
    for (unsigned i = 0; ONCE[i]; i++)
        if (*ONCE[i] == *name && strcmp(ONCE[i], name) == 0)
            return 1u << i;
    return 0;
}

static bool is_sound(struct req *rq)
{
    struct req_inside *in = inside(rq);
    size_t head = strlen(rq->path) + strlen(rq->query);
    bool sound = rq->path[0] == '/' && *rq->host && *rq->address;
    unsigned seen = 0, bit;

    for (const char *c = rq->path; sound && *c; c++)
        sound = *c > 0x20 && *c < 0x7f && *c != '#';
    for (size_t i = 0; i < in->field_count; i++) {
        bit = once_bit(in->fields[i].name);
        sound = sound && !(seen & bit);
        seen |= bit;
        head += strlen(in->fields[i].name) + strlen(in->fields[i].value) + 4;
    }
    if (sound && head <= HEAD_MOST && in->field_count <= FIELDS_MOST)
        return true;
    in->close_after = true;
    req_fail(rq, sound ? "headers_too_large" : "request_malformed");
    return false;
}

/* An unknown path is one of the panel's own unless it looks like a file or like one of ours: the first segment of a
 * route. */
static bool is_page(const char *path, int host_class)
{
    size_t first = 1 + strcspn(path + 1, "/");

    if (strchr(strrchr(path, '/'), '.'))
        return false;
    for (size_t i = 0; i < app->route_count; i++) {
        const struct route *route = &app->routes[i];
        if (route->host == host_class && strncmp(route->path, path, first) == 0 &&
            (route->path[first] == '/' || route->path[first] == '\0'))
            return false;
    }
    return true;
}

static bool serve_file(struct req *rq, int host_class)
{
    const struct file *file;

    if (strcmp(rq->method, "GET") != 0 || host_class != app->static_host_class)
        return false;
    file = files_find(rq->path);
    if (!file && is_page(rq->path, host_class))
        file = files_find("/");
    if (!file)
        return false;
    inside(rq)->label = "static";
    files_reply(rq, file);
    return true;
}

static void serve_path(struct req *rq, int host_class)
{
    const struct route *route = NULL;
    const char *allow = NULL;
    char *scratch = req_alloc(rq, strlen(rq->path) + 1);

    /* Wherever GET is answered, so is HEAD (RFC 9110 §9.3.2): by the same handler; the body is left out as it is sent. */
    if (strcmp(rq->method, "HEAD") == 0)
        rq->method = "GET";
    switch (route_find(app->routes, app->route_count, rq->method, host_class, rq->path, scratch, rq->param, &route,
                       &allow)) {
    case ROUTE_FOUND:
        handle(rq, route);
        break;
    case ROUTE_OTHER_METHOD:
        req_set_header(rq, "Allow", allow);
        req_fail(rq, "method_not_allowed");
        break;
    case ROUTE_UNKNOWN:
        if (!serve_file(rq, host_class))
            req_fail(rq, "not_found");
    }
}

static void handle(struct req *rq, const struct route *route)
{
    size_t index = (size_t)(route - app->routes);

    rq->route = route;
    inside(rq)->label = route->name;
    inside(rq)->meter = &meters[index < MOST_ROUTES ? index : MOST_ROUTES];
    if (rq->body_len > app->body_limit(route->host))
        req_fail(rq, "body_too_large");
    else if (app->admit(rq) && take_query(rq, route) && take_body(rq, route))
        route->handler(rq);
}

/* ---- bodies ---- */

/* No change takes a query: "?dry_run=true" that nobody reads would do harm. Reads name theirs; a form's signature covers it. */
static bool take_query(struct req *rq, const struct route *route)
{
    return strcmp(rq->method, "GET") == 0 || route->body == BODY_FORM || json_no_query(rq);
}

static bool take_body(struct req *rq, const struct route *route)
{
    bool form = route->body == BODY_FORM;

    if (rq->body_len == 0 && (route->body == BODY_NONE || route->body == BODY_JSON_OPTIONAL))
        return true;
    if (strcmp(rq->content_type, form ? "application/x-www-form-urlencoded" : "application/json") != 0) {
        req_fail(rq, "content_type_unsupported");
        return false;
    }
    if (form)
        return true;
    return parse(rq) && (route->body != BODY_NONE || json_done(rq)); /* no field is known: only {} passes */
}

/* Nesting outside of strings; jansson would follow it 2048 deep. */
static bool is_shallow(const char *text, size_t len)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > DEPTH_MOST)
            return false;
    }
    return true;
}

static bool parse(struct req *rq)
{
    json_t *value =
        is_shallow(rq->body, rq->body_len) ? json_loadb(rq->body, rq->body_len, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (!json_is_object(value)) {
        json_decref(value);
        req_fail(rq, "body_malformed");
        return false;
    }
    rq->json = value;
    req_defer_json(rq, value);
    return true;
}

/* ---- the ops port ---- */

static void reply_metrics(struct req *rq)
{
    size_t len;
    char *text;

    req_live_discount(1); /* this look itself is no request */
    text = metrics_text(&len);
    req_live_discount(0);
    req_reply_text(rq, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
    free(text);
}

void dispatch_ops(struct req *rq)
{
    const char *unfit = server_why_unfit();
    bool ready = db_ready() && !server_draining() && !unfit;

    inside(rq)->label = "ops";
    name_answer(rq);
    if (strcmp(rq->path, "/metrics") == 0)
        reply_metrics(rq);
    else if (strcmp(rq->path, "/healthz") == 0)
        req_reply_text(rq, 200, "text/plain", "ok\n", 3);
    else if (strcmp(rq->path, "/readyz") == 0 && ready)
        req_reply_text(rq, 200, "text/plain", "ready\n", 6);
    else if (strcmp(rq->path, "/readyz") == 0 && unfit)
        req_fail_with(rq, "overloaded", json_pack("{s:s}", "reason", unfit));
    else if (strcmp(rq->path, "/readyz") == 0)
        req_fail(rq, server_draining() ? "overloaded" : "database_unavailable");
    else
        req_fail(rq, "not_found");
}
