/* req_inside: what the runtime's own files know of a request beyond req.h. The product never includes this header.
 *
 * Who does what: listen.c makes a request from h2o's and hands it to dispatch.c; db.c and fetch.c await on its behalf;
 * json.c collects its complaints; req.c decides when it is sent and when it dies.
 */
#ifndef SERVER_REQ_INSIDE_H
#define SERVER_REQ_INSIDE_H

#include "db.h"
#include "fetch.h"
#include "req.h"

struct st_h2o_req_t;
struct json_reader;
struct metric;

struct req_field {
    const char *name; /* lower case when it came in */
    const char *value;
};

/* Counters of one route, by status class; set up before the fork. */
struct req_meter {
    struct metric *status[6];
    struct metric *time;
};

struct req_inside {
    struct req pub; /* first, so that the two pointers convert */

    /* client: h2o's request, NULL for a job, after the client has gone and after the answer is on its way out.
     * awaiting: a db_call or fetch_call will end in req_resume or req_refuse. running: a step is on the stack.
     * replied: an answer is recorded. sent: it was handed to h2o, or dropped because nobody is there.
     * Free when none of client, awaiting, running is set. */
    struct st_h2o_req_t *client;
    bool job, awaiting, running, replied, sent, ended;
    step *first; /* of a job */

    /* what came in */
    const struct req_field *fields;
    size_t field_count;
    char **form; /* name,value,… decoded and sorted by name; made on first use */
    size_t form_count;
    bool form_made, is_head;
    int host_class;
    const struct req_meter *meter;

    /* the answer */
    int status;
    const char *content_type;
    const char *answer;
    size_t answer_len;
    struct req_field *answer_fields;
    size_t answer_field_count, answer_field_room;
    bool close_after;
    struct {
        const char *code, *name, *value;
    } says; /* see req_fail_says */

    /* the await: its result is kept until the next one begins */
    void (*release)(void *held);
    void *held;
    struct db_row row;
    json_t *row_body; /* parsed on first use */
    bool has_row;
    struct fetch_answer fetched;
    struct json_reader *reader;

    /* bookkeeping */
    struct req_chunk *chunks;
    struct req_secret *secrets;
    struct req_json *jsons;
    struct req_end *ends;
    const char *label; /* for the log: the route's name, "static", the job's name */
    int64_t began_us, await_us, awaited_us;
};

static inline struct req_inside *inside(const struct req *rq)
{
    return (struct req_inside *)(uintptr_t)rq;
}

/* A request with an empty arena; the caller fills it in and runs its first step. */
struct req *req_new(bool job, const char *label);
/* Ties it to h2o's request: the answer goes there, and its end is learnt by a cell in its pool. */
void req_bind(struct req *rq, struct st_h2o_req_t *client);
/* For an answer that h2o began by itself: puts the recorded fields and length into h2o's response, and gives the body.
 */
const char *req_transplant(struct req *rq, size_t *ret_len);
/* Runs one step and settles what it left behind: sends, ends, or keeps waiting. rq may be gone afterwards. */
void req_run(struct req *rq, step *fn);

/* The await began: what the last one left is released. */
void req_await(struct req *rq);
/* The await ended well: `next` runs. `held` lives until the next await and is then given to `release`. */
void req_resume(struct req *rq, step *next, void *held, void (*release)(void *held));
/* The await ended badly: the runtime answers with this problem; a job ends. */
void req_refuse(struct req *rq, const char *code);

/* An answer that is in static memory: not copied, lives longer than any request. */
void req_reply_static(struct req *rq, int status, const char *content_type, const char *body, size_t len);
int64_t req_now_us(void);

size_t req_busy(void);                /* requests of clients that have no answer yet: what max_in_flight counts */
void req_close_connections(void);     /* from now on every answer closes its connection: the drain has begun */
void req_meters(const char *product); /* before the fork: the gauge of live requests */
void req_live_discount(size_t count); /* shows the gauge without these, until the next call */

#endif
