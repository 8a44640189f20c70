/* db_conn: libpq's pipeline mode on the loop.
 *
 * States, in terms of fields: pg NULL: down, `timer` waits for the next try. pg set, up false: connecting. up, count 0:
 * idle. up, count > 0: in flight; `at` is the pair and `stage` the message whose result comes next. A pair's messages
 * are [parse enter] enter [parse function] function [sync]; libpq gives each but the sync as results and then NULL. */
#include "db_conn.h"
#include "log.h"
#include "loop.h"
#include "crypt.h"
#include "req_inside.h"

#define BACK_OFF_MS 50
#define BACK_OFF_MOST_MS 2000
#define CONNECT_MS 5000
#define STATEMENTS 256 /* slots of a hash table that never fills */

enum stage { PARSE_ENTER, ENTER, PARSE_CALL, CALL, SYNC };

struct db_statement {
    char name[64]; /* function:types; "" is a free slot */
    enum { UNKNOWN, ASKED, PREPARED } state;
};

struct db_conn {
    PGconn *pg;
    struct db_conn_owner owner;
    struct loop_watch *watch;
    struct loop_timer *timer; /* next try, or the end of a try that takes too long */
    long back_off;
    bool up;
    struct db_pair *pairs[DB_GROUP];
    size_t count, at;
    enum stage stage;
    long long sent_at;
    struct db_statement statements[STATEMENTS];
};

static void connect_begin(void *arg);
static void connect_poll(struct db_conn *conn);
static void on_event(void *arg, int events);
static void lose(struct db_conn *conn, const char *why);
static void close_down(struct db_conn *conn);
static void read_results(struct db_conn *conn);
static bool take_result(struct db_conn *conn);
static void advance(struct db_conn *conn);
static bool send_half(struct db_conn *conn, struct db_pair *pair, bool enter);
static void flush(struct db_conn *conn);

/* ---- up and down ---- */

struct db_conn *db_conn_new(struct db_conn_owner owner)
{
    struct db_conn *conn = calloc(1, sizeof *conn);

    if (!conn)
        die("no memory");
    conn->owner = owner;
    conn->back_off = BACK_OFF_MS;
    conn->timer = loop_after(0, connect_begin, conn);
    return conn;
}

void db_conn_free(struct db_conn *conn)
{
    if (conn->up && conn->count)
        lose(conn, "stopping");
    close_down(conn);
    free(conn);
}

bool db_conn_up(const struct db_conn *conn)
{
    return conn->up;
}

bool db_conn_idle(const struct db_conn *conn)
{
    return conn->up && conn->count == 0;
}

static void on_notice(void *arg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    (void)arg;
    log_event(LOG_DEBUG, NULL, "db_notice", L_TEXT("sqlstate", state));
}

static void on_slow_connect(void *arg)
{
    struct db_conn *conn = arg;

    conn->timer = NULL;
    lose(conn, "no connection in time");
}

static void connect_begin(void *arg)
{
    struct db_conn *conn = arg;
    conn->timer = loop_after(CONNECT_MS, on_slow_connect, conn);
    conn->pg = db_where_connect();
    if (!conn->pg || PQstatus(conn->pg) == CONNECTION_BAD) {
        lose(conn, conn->pg ? PQerrorMessage(conn->pg) : "no memory");
        return;
    }
    PQsetNoticeReceiver(conn->pg, on_notice, NULL);
    conn->watch = loop_watch(PQsocket(conn->pg), LOOP_WRITE, on_event, conn);
}

/* libpq may close its socket and open another one with the same number while it connects: never keep a watch over it.
 */
static void connect_poll(struct db_conn *conn)
{
    PostgresPollingStatusType wants;

    loop_unwatch(conn->watch);
    conn->watch = NULL;
    wants = PQconnectPoll(conn->pg);
    if (wants == PGRES_POLLING_FAILED) {
        lose(conn, PQerrorMessage(conn->pg));
        return;
    }
    conn->watch =
        loop_watch(PQsocket(conn->pg), wants == PGRES_POLLING_WRITING ? LOOP_WRITE : LOOP_READ, on_event, conn);
    if (wants != PGRES_POLLING_OK)
        return;
    if (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) != 1) {
        lose(conn, PQerrorMessage(conn->pg));
        return;
    }
    loop_cancel(conn->timer);
    conn->timer = NULL;
    conn->back_off = BACK_OFF_MS;
    conn->up = true;
    log_event(LOG_INFO, NULL, "db_connected", L_INT("backend", PQbackendPID(conn->pg)));
    conn->owner.ready(conn->owner.owner);
}

static void close_down(struct db_conn *conn)
{
    loop_unwatch(conn->watch);
    loop_cancel(conn->timer);
    PQfinish(conn->pg);
    conn->watch = NULL;
    conn->timer = NULL;
    conn->pg = NULL;
    conn->up = false;
    memset(conn->statements, 0, sizeof conn->statements);
}

/* Everything that ends a connection ends here. The next try comes after 50 ms to 2 s, drawn between half and whole. */
static void lose(struct db_conn *conn, const char *why)
{
    struct db_pair *pairs[DB_GROUP];
    size_t count = conn->count;
    long wait = conn->back_off / 2 + (long)crypt_uniform((uint32_t)conn->back_off / 2 + 1);
    char first_line[160];

    snprintf(first_line, sizeof first_line, "%.*s", (int)strcspn(why, "\n"), why);
    log_event(LOG_WARN, NULL, "db_lost", L_TEXT("why", first_line), L_INT("in_flight", (long long)count),
              L_INT("retry_ms", wait));
    memcpy(pairs, conn->pairs, count * sizeof pairs[0]);
    conn->count = 0;
    close_down(conn);
    conn->back_off = 2 * conn->back_off < BACK_OFF_MOST_MS ? 2 * conn->back_off : BACK_OFF_MOST_MS;
    conn->timer = loop_after(wait, connect_begin, conn);
    if (count)
        conn->owner.landed(conn->owner.owner, conn, pairs, count, true);
}

void db_conn_renew(struct db_conn *conn, bool at_once)
{
    if (!db_conn_idle(conn))
        return;
    close_down(conn);
    conn->timer = loop_after(at_once ? 0 : BACK_OFF_MS, connect_begin, conn);
}

void db_conn_expire(struct db_conn *conn, long ms)
{
    if (conn->up && conn->count && loop_now_ms() - conn->sent_at > ms)
        lose(conn, "no answer in time");
}

static void on_event(void *arg, int events)
{
    struct db_conn *conn = arg;

    if (!conn->up) {
        connect_poll(conn);
        return;
    }
    if ((events & LOOP_READ) && PQconsumeInput(conn->pg) != 1) {
        lose(conn, PQerrorMessage(conn->pg));
        return;
    }
    if (conn->count) {
        flush(conn);
        read_results(conn);
    } else {
        PQisBusy(conn->pg); /* lets libpq look at what came unasked: a notice, or the farewell of a stopping server */
        if (PQstatus(conn->pg) == CONNECTION_BAD)
            lose(conn, PQerrorMessage(conn->pg));
    }
}

/* ---- sending ---- */

/* Named after the function and the types of its arguments: "session_read:u" */
static struct db_statement *statement_of(struct db_conn *conn, const char *function, const struct db_args *args)
{
    static const char LETTERS[] = {[DB_NULL_TEXT] = 't', [DB_TEXT] = 't', [DB_BYTES] = 'b', [DB_UUID] = 'u',
                                   [DB_INT] = 'i',       [DB_BOOL] = 'f', [DB_JSON] = 'j'};
    char name[64];
    size_t len = strlen(function);
    uint32_t hash = 2166136261u;

    if (len + 1 + args->count >= sizeof name)
        die("the name of api.%s is too long for a statement", function);
    memcpy(name, function, len);
    name[len++] = ':';
    for (size_t i = 0; i < args->count; i++)
        name[len++] = LETTERS[args->arg[i].type];
    name[len] = '\0';
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    for (size_t i = 0; i < STATEMENTS; i++) {
        struct db_statement *statement = &conn->statements[(hash + i) % STATEMENTS];
        if (!*statement->name)
            memcpy(statement->name, name, len + 1);
        if (strcmp(statement->name, name) == 0)
            return statement;
    }
    die("more than %d statements on a connection", STATEMENTS);
}

static bool send_half(struct db_conn *conn, struct db_pair *pair, bool enter)
{
    const char *function = enter ? pair->enter_function : pair->function;
    const struct db_args *args = enter ? pair->enter_args : pair->args;
    const char *columns = enter ? "code, tenant_id, user_id, mode" : "status, code, body, etag, sealed, replayed";
    struct db_statement *statement = statement_of(conn, function, args);
    struct db_params params;
    char sql[512], qualified[80];

    db_params(args, &params);
    pair->prepares[enter ? 0 : 1] = NULL;
    if (statement->state == UNKNOWN) {
        snprintf(qualified, sizeof qualified, "api.%s", function);
        if (!db_sql(columns, qualified, args->count, sql, sizeof sql))
            die("the statement of api.%s is too long", function);
        if (PQsendPrepare(conn->pg, statement->name, sql, (int)args->count, params.types) != 1)
            return false;
        statement->state = ASKED;
        pair->prepares[enter ? 0 : 1] = statement;
    }
    return PQsendQueryPrepared(conn->pg, statement->name, (int)args->count, params.values, params.lengths,
                               params.formats, 1) == 1;
}

/* A connection that breaks while we send shows it at the next event: R3 forbids to tell the owner from in here. */
static void on_broken(void *arg)
{
    struct db_conn *conn = arg;

    if (conn->up && conn->count && PQstatus(conn->pg) == CONNECTION_BAD)
        lose(conn, PQerrorMessage(conn->pg));
}

void db_conn_send(struct db_conn *conn, struct db_pair *const *pairs, size_t count)
{
    bool good = true;

    memcpy(conn->pairs, pairs, count * sizeof pairs[0]);
    conn->count = count;
    conn->at = 0;
    conn->sent_at = loop_now_ms();
    for (size_t i = 0; i < count; i++) {
        struct db_pair *pair = pairs[i];
        pair->landed = false;
        pair->failed[0] = '\0';
        good = good && send_half(conn, pair, true) && send_half(conn, pair, false) &&
               (!pair->closes_group || PQpipelineSync(conn->pg) == 1);
    }
    conn->stage = pairs[0]->prepares[0] ? PARSE_ENTER : ENTER;
    flush(conn);
    if (!good || PQstatus(conn->pg) == CONNECTION_BAD)
        loop_defer(on_broken, conn);
}

static void flush(struct db_conn *conn)
{
    int left = PQflush(conn->pg);

    loop_rewatch(conn->watch, left == 1 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* ---- receiving ---- */

static void read_results(struct db_conn *conn)
{
    while (conn->count && conn->at < conn->count && !PQisBusy(conn->pg))
        if (!take_result(conn))
            break;
    if (conn->at < conn->count) {
        if (PQstatus(conn->pg) == CONNECTION_BAD)
            lose(conn, PQerrorMessage(conn->pg));
        return;
    }
    if (conn->count) {
        struct db_pair *pairs[DB_GROUP];
        size_t count = conn->count;
        memcpy(pairs, conn->pairs, count * sizeof pairs[0]);
        conn->count = 0;
        conn->owner.landed(conn->owner.owner, conn, pairs, count, false);
    }
}

static void note_failure(struct db_pair *pair, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (pair->failed[0])
        return;
    snprintf(pair->failed, sizeof pair->failed, "%s", state ? state : "?????");
    /* Messages of class 22 quote the value that was wrong; what a client sent stays out of the log. */
    if (why && strncmp(pair->failed, "22", 2) != 0)
        pair->why = req_copy(pair->rq, why, strlen(why));
}

/* Keeps one result where it belongs. Returns false when the connection broke. */
static bool take_result(struct db_conn *conn)
{
    struct db_pair *pair = conn->pairs[conn->at];
    PGresult *result = PQgetResult(conn->pg);
    ExecStatusType status = PQresultStatus(result);

    if (!result) {
        if (conn->stage != SYNC) /* a failed commit is told before the sync, with a NULL of its own */
            advance(conn);
        return PQstatus(conn->pg) != CONNECTION_BAD;
    }
    if (status == PGRES_PIPELINE_SYNC) {
        advance(conn);
    } else if (status == PGRES_FATAL_ERROR) {
        note_failure(pair, result);
    } else if (status == PGRES_TUPLES_OK && conn->stage == ENTER && !pair->entered) {
        pair->entered = result;
        return true;
    } else if (status == PGRES_TUPLES_OK && conn->stage == CALL && !pair->called) {
        pair->called = result;
        return true;
    } else if (status == PGRES_COMMAND_OK && (conn->stage == PARSE_ENTER || conn->stage == PARSE_CALL)) {
        pair->prepares[conn->stage == PARSE_CALL]->state = PREPARED;
    }
    PQclear(result);
    return true;
}

/* To the next message of the flight. A statement whose parse did not come through will be asked for again. */
static void advance(struct db_conn *conn)
{
    struct db_pair *pair = conn->pairs[conn->at];

    if (conn->stage == PARSE_ENTER || conn->stage == PARSE_CALL) {
        struct db_statement *statement = pair->prepares[conn->stage == PARSE_CALL];
        if (statement->state != PREPARED)
            statement->state = UNKNOWN;
    }
    if (conn->stage == ENTER && !pair->prepares[1])
        conn->stage = CALL;
    else if (conn->stage != SYNC && !(conn->stage == CALL && !pair->closes_group))
        conn->stage++;
    else {
        for (size_t i = conn->at + 1; conn->stage == SYNC && i-- > 0 && !conn->pairs[i]->landed;)
            conn->pairs[i]->landed = true;
        conn->at++;
        if (conn->at < conn->count)
            conn->stage = conn->pairs[conn->at]->prepares[0] ? PARSE_ENTER : ENTER;
    }
}
