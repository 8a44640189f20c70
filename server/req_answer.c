/* req_answer: the answers a step can record; req.c sends them after the step has returned (rule R4). */
#include "req_inside.h"
#include "log.h"
#include "text.h"

#include <strings.h>

static bool record(struct req *rq, int status, const char *content_type, const char *body, size_t len);
static void field_add(struct req *rq, const char *name, const char *value);
static void retry_after(struct req *rq, int status, json_t *body);

/* ---- headers ---- */

void req_set_header(struct req *rq, const char *name, const char *value)
{
    if (strpbrk(value, "\r\n")) {
        log_event(LOG_ERROR, rq, "header_refused", L_TEXT("name", name)); /* a line break would be a second header */
        return;
    }
    field_add(rq, req_copy(rq, name, strlen(name)), req_copy(rq, value, strlen(value)));
}

void req_set_static_header(struct req *rq, const char *name, const char *value)
{
    field_add(rq, name, value);
}

/* A name is there once, the last value counts; only Set-Cookie may come several times. */
static void field_add(struct req *rq, const char *name, const char *value)
{
    struct req_inside *in = inside(rq);

    for (size_t i = 0; i < in->answer_field_count; i++) {
        const char *other = in->answer_fields[i].name;
        if ((*other | 32) == (*name | 32) && strcasecmp(other, name) == 0 && strcasecmp(name, "set-cookie") != 0) {
            in->answer_fields[i].value = value;
            return;
        }
    }
    if (in->answer_field_count == in->answer_field_room) {
        size_t room = in->answer_field_room ? 2 * in->answer_field_room : 24;
        struct req_field *fields = req_alloc(rq, room * sizeof *fields);
        if (in->answer_field_count)
            memcpy(fields, in->answer_fields, in->answer_field_count * sizeof *fields);
        in->answer_fields = fields;
        in->answer_field_room = room;
    }
    in->answer_fields[in->answer_field_count++] = (struct req_field){name, value};
}

/* ---- bodies ---- */

bool req_replied(const struct req *rq)
{
    return inside(rq)->replied;
}

static bool record(struct req *rq, int status, const char *content_type, const char *body, size_t len)
{
    struct req_inside *in = inside(rq);

    if (in->replied) {
        log_event(LOG_ERROR, rq, "replied_twice", L_TEXT("label", in->label), L_INT("status", status));
        return false;
    }
    in->replied = true;
    in->status = status;
    in->content_type = content_type;
    in->answer = body;
    in->answer_len = len;
    return true;
}

void req_reply_static(struct req *rq, int status, const char *content_type, const char *body, size_t len)
{
    record(rq, status, content_type, body, len);
}

void req_reply_text(struct req *rq, int status, const char *content_type, const char *body, size_t len)
{
    record(rq, status, req_copy(rq, content_type, strlen(content_type)), req_copy(rq, body, len), len);
}

void req_reply_empty(struct req *rq, int status)
{
    record(rq, status, NULL, NULL, 0);
}

static void reply_json_as(struct req *rq, int status, const char *content_type, json_t *body)
{
    size_t room = 1024, len;
    char *text = req_alloc(rq, room);

    len = json_dumpb(body, text, room, JSON_COMPACT);
    if (len > room) {
        room = len;
        text = req_alloc(rq, room);
        len = json_dumpb(body, text, room, JSON_COMPACT);
    }
    record(rq, status, content_type, text, len);
}

void req_reply_json(struct req *rq, int status, json_t *body)
{
    if (body)
        reply_json_as(rq, status, "application/json", body);
    else
        req_reply_empty(rq, status);
    json_decref(body);
}

/* ---- problems (RFC 9457) ---- */

void req_fail(struct req *rq, const char *code)
{
    req_fail_with(rq, code, NULL);
}

void req_fail_at(struct req *rq, const char *code, const char *pointer)
{
    req_fail_with(rq, code, json_pack("{s[{ssss}]}", "errors", "pointer", pointer, "code", "invalid"));
}

void req_fail_says(struct req *rq, const char *code, const char *name, const char *value)
{
    struct req_inside *in = inside(rq);

    in->says.code = code;
    in->says.name = name;
    in->says.value = value;
}

void req_fail_with(struct req *rq, const char *code, json_t *members)
{
    const struct req_inside *in = inside(rq);
    const struct problem *problem = problem_find(code);
    char id[TEXT_TYPEID], type[160];
    json_t *body;

    text_typeid("request", rq->id, id);
    snprintf(type, sizeof type, "urn:%s:problem:%s", problem_product(), problem->code);
    body = json_pack("{ss ss si ss ss ss}", "type", type, "title", problem->title, "status", problem->status, "detail",
                     problem->detail, "code", problem->code, "request_id", id);
    if (in->says.code && strcmp(in->says.code, code) == 0)
        json_object_set_new(body, in->says.name, json_string(in->says.value));
    if (members)
        json_object_update(body, members);
    retry_after(rq, problem->status, body);
    reply_json_as(rq, problem->status, "application/problem+json", body);
    json_decref(body);
    json_decref(members);
}

/* Every 429 and 503 says when to come back: what SQL said, else a second for 503, half a minute for 429. */
static void retry_after(struct req *rq, int status, json_t *body)
{
    json_t *seconds = json_object_get(body, "retry_after");
    char text[24];

    if (!seconds && (status == 429 || status == 503)) {
        seconds = json_integer(status == 503 ? 1 : 30);
        json_object_set_new(body, "retry_after", seconds);
    }
    if (!seconds)
        return;
    snprintf(text, sizeof text, "%lld", (long long)json_number_value(seconds));
    req_set_header(rq, "Retry-After", text);
}
