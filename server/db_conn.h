/* db_conn: one Postgres connection's life: connecting with back-off, one flight of groups at a time, statements
 * prepared on first use. It never decides what becomes of a pair: db.c does, when the flight has landed or was lost.
 */
#ifndef SERVER_DB_CONN_H
#define SERVER_DB_CONN_H

#include "db.h"

#include <libpq-fe.h>

#define DB_GROUP 64 /* most pairs in a flight */
#define DB_TRAIN 16 /* most pairs of their own transaction in one flight */

struct db_conn;
struct db_statement;

/* One call of enter and function, from db_call to its end; lives in its request's arena. */
struct db_pair {
    struct req *rq;
    step *next;
    enum db_lane lane;
    const char *enter_function, *function;
    const struct db_args *enter_args, *args;
    uint8_t order[16];
    unsigned long long number; /* in the order of db_call */
    long long deadline;        /* loop_now_ms; for the time in the queue */
    bool alone;                /* a transaction of its own: asked for, or because its group aborted */
    bool tell;                 /* enter's refusal is the continuation's to answer */
    bool lost_before;          /* a connection was lost under it and it was queued again */
    bool replanned;            /* it met a stale plan and was queued again */
    int tries;                 /* after deadlock or serialization failure */
    struct db_pair *queue_next;

    /* the flight */
    bool closes_group;          /* a sync follows it */
    bool landed;                /* its group's sync came back */
    PGresult *entered, *called; /* NULL when they failed */
    char failed[6];             /* SQLSTATE, "" when all went well */
    const char *why;            /* libpq's words, in the arena */
    const char *verdict;        /* the problem that it ends with; NULL: a row */
    struct db_statement *prepares[2];
};

/* Called by the connection; none is called from inside db_conn_send. */
struct db_conn_owner {
    void (*ready)(void *owner); /* connected and nothing in flight */
    void (*landed)(void *owner, struct db_conn *conn, struct db_pair **pairs, size_t count, bool lost);
    void *owner;
};

void db_conn_start(
    const char *conninfo); /* keeps it, resolves its host names now: a look-up later would block the loop */
void db_conn_stop(void);
struct db_conn *db_conn_new(struct db_conn_owner owner);
void db_conn_free(struct db_conn *conn); /* a flight is reported as lost first */
bool db_conn_idle(const struct db_conn *conn);
bool db_conn_up(const struct db_conn *conn);
/* Sends pairs[0..count), copied; each pair's closes_group says where the syncs are. Only when idle. */
void db_conn_send(struct db_conn *conn, struct db_pair *const *pairs, size_t count);
/* Closes an idle connection and opens a fresh one at once (stale plans), or after a back-off (read-only standby). */
void db_conn_renew(struct db_conn *conn, bool at_once);
/* Gives a flight up that has been under way for longer than this. */
void db_conn_expire(struct db_conn *conn, long ms);

/* ---- where to, and a call in libpq's form: db_where.c ---- */
void db_where_start(const char *conninfo); /* resolves its host names now: a look-up later would block the loop */
void db_where_stop(void);
PGconn *db_where_connect(void) MUST_USE; /* begun, in libpq's non-blocking way */
/* Blocking, with the same settings, for subcommands: NULL and a message on stderr on failure. */
PGconn *db_where_connect_now(const char *conninfo) MUST_USE;
/* "select … from api.f($1,$2)"; false when it does not fit. Parameters in libpq's form, for PQexecParams and the like.
 */
bool db_sql(const char *columns, const char *function, size_t arg_count, char *out, size_t room) MUST_USE;
struct db_params {
    Oid types[DB_MAX_ARGS];
    const char *values[DB_MAX_ARGS];
    int lengths[DB_MAX_ARGS];
    int formats[DB_MAX_ARGS];
    uint8_t numbers[DB_MAX_ARGS][8];
};
void db_params(const struct db_args *args, struct db_params *out);

/* ---- grouping, pure: db_group.c ---- */
struct db_queue {
    struct db_pair *head, *tail;
    size_t count;
};
void db_queue_put(struct db_queue *queue, struct db_pair *pair);
void db_queue_put_first(struct db_queue *queue, struct db_pair *pair);
/* Takes the next flight out of the queue: either up to DB_TRAIN pairs that each close their own group, or one group of
 * up to DB_GROUP pairs ordered by order key, with at most one writing call per key. Returns the count. */
size_t db_queue_take(struct db_queue *queue, struct db_pair *out[static DB_GROUP]);
size_t db_queue_take_one(struct db_queue *queue,
                         struct db_pair *out[static DB_GROUP]); /* the head, a group of its own */
/* Takes the pairs whose deadline has passed, linked by queue_next. */
struct db_pair *db_queue_take_expired(struct db_queue *queue, long long now);

#endif
