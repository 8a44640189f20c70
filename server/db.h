/* db: one SQL function per use case, called in pairs `enter; call`, many calls sharing one commit.
 *
 * db_call queues the pair. When the lane's connection is free, everything queued (at most 64 pairs, ordered by
 * order key, at most one writing call per order key) goes out as one group with one sync, which is one implicit
 * transaction. When a group aborts, each pair is run again alone. The continuation runs only for success; every
 * other end is answered by the runtime: 504 deadline for waiting too long in the queue (503 database_unavailable when
 * there is no connection at all), 503 overloaded for a full queue, a lock or a statement that took too long. When a
 * connection is lost, reads are run again once; a write that was under way ends in 503 uncertain, or in 503
 * database_unavailable when the request has an Idempotency-Key, which makes repeating it safe. A job ends instead
 * (req_at_end).
 *
 * The function's reply is the row type api.reply (status, code, body, etag, sealed, replayed); enter's is
 * (code, tenant_id, user_id, mode). When enter gives a code, the runtime answers with that problem and the continuation
 * does not run (unless the caller wants to be told: it, and a job's, runs and sees row->enter_code).
 */
#ifndef SERVER_DB_H
#define SERVER_DB_H

#include "req.h"

enum db_type { DB_NULL_TEXT, DB_TEXT, DB_BYTES, DB_UUID, DB_INT, DB_BOOL, DB_JSON };

/* One parameter. Bytes are kept by pointer until the call ends: use the arena or static memory. */
struct db_arg {
    enum db_type type;
    bool is_null;
    const void *bytes; /* DB_TEXT, DB_BYTES, DB_UUID (16 bytes), DB_JSON (text) */
    size_t len;
    int64_t number; /* DB_INT, DB_BOOL */
};

struct db_arg db_text(const char *text);               /* NULL becomes SQL null */
struct db_arg db_bytes(const void *bytes, size_t len); /* NULL becomes SQL null */
struct db_arg db_uuid(const uint8_t uuid[16]);         /* NULL becomes SQL null */
struct db_arg db_int(int64_t number);
struct db_arg db_null_int(void);
struct db_arg db_bool(bool value);
struct db_arg db_json(struct req *rq, json_t *value); /* borrowed; dumped into the arena; NULL becomes SQL null */

#define DB_MAX_ARGS 20
struct db_args {
    size_t count;
    struct db_arg arg[DB_MAX_ARGS];
};
/* ARGS() for none, ARGS(db_text(a), db_int(b)) */
#define ARGS(...) \
    (&(struct db_args){.count = sizeof((struct db_arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct db_arg) - 1, \
                       .arg = {__VA_ARGS__}})

enum db_lane {
    DB_READ,  /* shares a group on the worker's read connection */
    DB_WRITE, /* shares a group and its commit on the worker's write connection */
    DB_ALONE, /* on the write connection, in a transaction of its own: whatever spends */
    DB_SLOW,  /* lists and exports: the slow pool, a transaction of its own */
};

/* Who calls: the enter function and its arguments, and the key that orders calls within a group (the user's id, the
 * tenant's id, zero). Prepared by the product's admit hook, or by a job itself. */
struct db_enter {
    const char *function; /* "enter_session" */
    struct db_args args;
    uint8_t order[16];
    bool tell; /* a refusal is not answered: the continuation runs and sees row->enter_code */
};

/* The answer, good until the next await. Strings are NUL-terminated; NULL for SQL null. */
struct db_row {
    const char *enter_code; /* who wants to be told, and jobs: enter's refusal, else NULL */
    uint8_t tenant_id[16];  /* as pinned by enter; zero when none */
    uint8_t user_id[16];
    const char *mode; /* "live", "test" or NULL */
    int status;       /* 0 when SQL gave null: a refusal */
    const char *code; /* problem code of a refusal, or a word for a continuation */
    const char *body; /* JSON text */
    const char *etag;
    const uint8_t *sealed;
    size_t sealed_len;
    bool replayed;
};

/* Calls api.`function` for this request after `enter`; then `next` runs with db_row(rq). It may wait in the queue for
 * 2 s; 10 s for DB_SLOW and for jobs. */
void db_call(struct req *rq, enum db_lane lane, const struct db_enter *enter, const char *function,
             const struct db_args *args, step *next);
const struct db_row *db_row(struct req *rq);
json_t *db_body(struct req *rq); /* the row's body, parsed once; owned by the request */

/* The usual continuation: answers with the row. 2xx: status, body, ETag, Idempotent-Replayed. Refusal: problem by code
 * with the body's members. */
void reply_row(struct req *rq);

void db_start(const char *conninfo); /* once per worker; connections come up in the background */
void db_stop(void);
bool db_ready(void); /* both lanes connected: /readyz */

/* For subcommands: one blocking call of schema.function on a connection of its own; prints libpq's message and returns
 * NULL on failure; the JSON body otherwise (caller decrefs). */
json_t *db_once(const char *conninfo, const char *qualified_function, const struct db_args *args) MUST_USE;

#endif
