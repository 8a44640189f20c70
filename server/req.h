/* req: one request from its first byte to its answer, or one job, which has no client.
 *
 * A handler is a step: it reads, starts at most one await (db_call, fetch) or replies, and returns. The await's
 * continuation is the next step. After each step exactly one of {awaiting, replied} holds; neither is answered
 * with 500 and a log line, both is a bug that stops a debug build.
 *
 * Ownership: everything made with req_alloc, req_copy, req_printf lives in the request's arena until the request
 * ends and is never freed by hand. Pointers from the runtime (body, row) are good until the next await; copy what
 * must live longer. Memory registered with req_secret is wiped before it is freed. A client that goes away cancels
 * nothing: the steps run to their end and the answer is dropped.
 */
#ifndef SERVER_REQ_H
#define SERVER_REQ_H

#include "common.h"
#include "problem.h"

#include <jansson.h>
#include <stdarg.h>

struct req;
struct route;

/* One step of a handler. Never called from inside the call that started the await (rule R3). */
typedef void step(struct req *rq);

#define REQ_PARAMS 4 /* most {placeholders} in one path template */

struct req {
    const struct route *route;     /* NULL for a job */
    const char *method;            /* "GET"; NUL-terminated like every string here */
    const char *path;              /* without query */
    const char *query;             /* raw text behind '?', or "" */
    const char *host;              /* lower case, without port */
    const char *param[REQ_PARAMS]; /* path placeholders in order, percent-decoded */
    const char *address;           /* client address: "192.0.2.7", "2001:db8::1"; "" for jobs */
    const char *content_type;      /* without parameters, lower case; "" when absent */
    const char *body;              /* raw body, NUL-terminated */
    size_t body_len;               /* bytes */
    json_t *json;                  /* parsed object, when the route takes JSON and there was a body */
    uint8_t id[16];                /* request id, UUIDv7 */
    void *caller;                  /* belongs to the product: who calls, set by its admit hook */
    void *state;                   /* belongs to the handler: what its continuations need, in the arena */
};

/* ---- arena ---- */
void *req_alloc(struct req *rq, size_t size) MUST_USE;                  /* zeroed; dies when out of memory */
char *req_copy(struct req *rq, const void *bytes, size_t len) MUST_USE; /* len bytes and a NUL */
char *req_printf(struct req *rq, const char *format, ...) __attribute__((format(printf, 2, 3))) MUST_USE;
void req_secret(struct req *rq, void *bytes, size_t len); /* wipe these bytes when the request ends */
void req_defer_json(struct req *rq, json_t *value);       /* json_decref when the request ends */

/* ---- what came in ---- */
const char *req_header(struct req *rq, const char *lower_case_name); /* value, NULL when absent; the first one */
const char *req_cookie(struct req *rq, const char *name);            /* value, NULL when absent or sent twice */
const char *req_query(struct req *rq, const char *name);             /* decoded value or NULL; see json.h for checks */
const char *req_form(struct req *rq,
                     const char *name); /* field of a form body, decoded; NULL when absent or repeated */
/* All fields of a form body sorted by name, as Twilio's signature needs them. Returns the count; *ret_pairs is
 * name,value,name,value,… */
size_t req_form_sorted(struct req *rq, const char ***ret_pairs);

/* ---- the answer: recorded, sent by the runtime after the step returns ---- */
void req_set_header(struct req *rq, const char *name, const char *value);        /* both copied; before the reply */
void req_set_static_header(struct req *rq, const char *name, const char *value); /* kept by pointer: literals */
void req_reply_json(struct req *rq, int status, json_t *body);                   /* steals body; NULL: no body */
void req_reply_text(struct req *rq, int status, const char *content_type, const char *body, size_t len); /* copied */
void req_reply_empty(struct req *rq, int status); /* 204, 303 with a Location header, … */
void req_fail(struct req *rq, const char *code);  /* problem+json by code, see problem.h */
void req_fail_at(struct req *rq, const char *code,
                 const char *pointer); /* the same with errors [{pointer, "invalid"}]: "/number" */
/* Beforehand: should this request be refused with `code`, by whomever, the problem carries member `name`. One at a time; borrowed. */
void req_fail_says(struct req *rq, const char *code, const char *name, const char *value);
void req_fail_with(struct req *rq, const char *code, json_t *members); /* the same with extra members; steals members.
                                        A "retry_after" member also becomes the header */
bool req_replied(const struct req *rq);

/* ---- jobs ---- */
/* Start a request without a client: `first` runs on the next turn of the loop; the job ends when a step neither
 * awaits nor replies, or by req_done. */
struct req *req_job(const char *name, step *first, void *state);
void req_done(struct req *rq);
/* fn(arg) when the request or job has ended, however it ended: a job whose await failed is ended without another step.
 */
void req_at_end(struct req *rq, void (*fn)(void *arg), void *arg);
size_t req_live(void); /* requests and jobs alive now, for tests and drain */

#endif
