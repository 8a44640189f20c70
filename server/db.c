/* db: queues the pairs, sends them in groups, and decides what becomes of each when its flight has landed.
 *
 * A lane is a queue and its connections: one for reads, one for writes, a few for slow calls, each on its own. */
#include "db_conn.h"
#include "db_inside.h"
#include "crypt.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "req_inside.h"

#define QUEUE_MOST 512
#define SWEEP_MS 100
#define TRIES 3
#define SLOW_CONNS 2

static const long DEADLINE_MS = 2000, JOB_DEADLINE_MS = 10000, SLOW_DEADLINE_MS = 10000;
static const long FLIGHT_MS = 5000, SLOW_FLIGHT_MS = 15000;

struct lane {
    const char *name;
    size_t conn_count;
    struct db_conn *conns[SLOW_CONNS];
    struct db_queue queue;
    bool dispatching; /* asked for on the next turn */
    struct metric *groups, *pairs, *queued;
};

static struct lane reads = {.name = "read", .conn_count = 1};
static struct lane writes = {.name = "write", .conn_count = 1};
static struct lane slow = {.name = "slow", .conn_count = SLOW_CONNS};
static struct lane *const LANES[] = {&reads, &writes, &slow};
static struct metric *again, *lost_total, *ups;
static unsigned long long pair_number;
static bool started;

static void enqueue(struct lane *lane, struct db_pair *pair);
static void dispatch(void *arg);
static void on_ready(void *owner);
static void on_landed(void *owner, struct db_conn *conn, struct db_pair **pairs, size_t count, bool lost);
static void judge(struct lane *lane, struct db_conn *conn, struct db_pair *pair, bool grouped,
                  struct db_queue *finished);
static void sweep(void *arg);
static void finish(struct db_pair *pair);

/* ---- start and stop ---- */

void db_meters(const char *product)
{
    char name[96], labels[32];

    for (size_t i = 0; i < LEN(LANES); i++) {
        snprintf(labels, sizeof labels, "lane=\"%s\"", LANES[i]->name);
        snprintf(name, sizeof name, "%s_db_groups_total", product);
        LANES[i]->groups = metrics_counter(name, labels, "transactions sent to the database");
        snprintf(name, sizeof name, "%s_db_calls_total", product);
        LANES[i]->pairs = metrics_counter(name, labels, "calls in them");
        snprintf(name, sizeof name, "%s_db_queued", product);
        LANES[i]->queued = metrics_gauge(name, labels, "calls waiting for their connection");
    }
    snprintf(name, sizeof name, "%s_db_again_total", product);
    again = metrics_counter(name, NULL, "calls run again: aborted group, deadlock, stale plan, lost connection");
    snprintf(name, sizeof name, "%s_db_lost_total", product);
    lost_total = metrics_counter(name, NULL, "flights lost with their connection");
    snprintf(name, sizeof name, "%s_db_connections", product);
    ups = metrics_gauge(name, NULL, "connections to the database");
}

void db_start(const char *conninfo)
{
    db_where_start(conninfo);
    for (size_t i = 0; i < LEN(LANES); i++)
        for (size_t j = 0; j < LANES[i]->conn_count; j++)
            LANES[i]->conns[j] =
                db_conn_new((struct db_conn_owner){.ready = on_ready, .landed = on_landed, .owner = LANES[i]});
    started = true;
    loop_every(SWEEP_MS, sweep, NULL);
}

void db_stop(void)
{
    struct db_pair *pair;

    if (!started)
        return;
    started = false;
    for (size_t i = 0; i < LEN(LANES); i++)
        for (size_t j = 0; j < LANES[i]->conn_count; j++)
            db_conn_free(LANES[i]->conns[j]);
    for (size_t i = 0; i < LEN(LANES); i++) {
        while ((pair = LANES[i]->queue.head)) {
            LANES[i]->queue.head = pair->queue_next;
            req_refuse(pair->rq, "database_unavailable");
        }
        LANES[i]->queue = (struct db_queue){0};
    }
    db_where_stop();
}

static bool any_up(const struct lane *lane)
{
    for (size_t i = 0; i < lane->conn_count; i++)
        if (db_conn_up(lane->conns[i]))
            return true;
    return false;
}

bool db_ready(void)
{
    return started && any_up(&reads) && any_up(&writes);
}

/* ---- a call ---- */

static const struct db_args *keep(struct req *rq, const struct db_args *args)
{
    size_t size = offsetof(struct db_args, arg) + args->count * sizeof args->arg[0];

    return (const struct db_args *)req_copy(rq, args, size);
}

static void refuse_overloaded(void *arg)
{
    req_refuse(arg, "overloaded");
}

void db_call(struct req *rq, enum db_lane lane_name, const struct db_enter *enter, const char *function,
             const struct db_args *args, step *next)
{
    struct lane *lane = lane_name == DB_READ ? &reads : lane_name == DB_SLOW ? &slow : &writes;
    struct db_pair *pair;
    long deadline = lane_name == DB_SLOW ? SLOW_DEADLINE_MS : inside(rq)->job ? JOB_DEADLINE_MS : DEADLINE_MS;

    req_await(rq);
    if (lane->queue.count >= QUEUE_MOST) {
        loop_defer(refuse_overloaded, rq);
        return;
    }
    pair = req_alloc(rq, sizeof *pair);
    *pair = (struct db_pair){.rq = rq,
                             .next = next,
                             .lane = lane_name,
                             .enter_function = enter->function,
                             .enter_args = keep(rq, &enter->args),
                             .function = function,
                             .args = keep(rq, args),
                             .number = pair_number++,
                             .deadline = loop_now_ms() + deadline,
                             .alone = lane_name == DB_ALONE,
                             .tell = enter->tell || inside(rq)->job};
    memcpy(pair->order, enter->order, sizeof pair->order);
    enqueue(lane, pair);
}

static void dispatch_soon(struct lane *lane)
{
    if (!lane->dispatching)
        loop_defer(dispatch, lane);
    lane->dispatching = true;
}

static void enqueue(struct lane *lane, struct db_pair *pair)
{
    db_queue_put(&lane->queue, pair);
    dispatch_soon(lane);
}

/* Everything that came in during this turn goes out together. */
static void dispatch(void *arg)
{
    struct lane *lane = arg;
    struct db_pair *flight[DB_GROUP];

    lane->dispatching = false;
    for (size_t i = 0; i < lane->conn_count && lane->queue.head; i++) {
        size_t count;
        if (!started || !db_conn_idle(lane->conns[i]))
            continue;
        count = lane == &slow ? db_queue_take_one(&lane->queue, flight) : db_queue_take(&lane->queue, flight);
        db_conn_send(lane->conns[i], flight, count);
        metrics_add(lane->pairs, (int64_t)count);
        for (size_t j = 0; j < count; j++)
            metrics_add(lane->groups, flight[j]->closes_group);
    }
}

static void on_ready(void *owner)
{
    dispatch_soon(owner);
}

/* ---- a flight has landed, or was lost ---- */

/* Postgres gets its next group before the answers of this one are worked on. */
static void on_landed(void *owner, struct db_conn *conn, struct db_pair **pairs, size_t count, bool lost)
{
    struct lane *lane = owner;
    struct db_queue finished = {0};
    struct db_pair *pair;

    metrics_add(lost_total, lost);
    for (size_t i = count; i > 0;) { /* from the back, so that what runs again stands in its old order */
        size_t end = i, start = i - 1;
        bool failed = false;
        while (start > 0 && !pairs[start - 1]->closes_group)
            start--;
        for (size_t j = start; j < end; j++)
            failed = failed || pairs[j]->failed[0] || !pairs[j]->landed;
        for (size_t j = end; j-- > start;) {
            if (failed)
                judge(lane, conn, pairs[j], end - start > 1, &finished);
            else
                db_queue_put_first(&finished, pairs[j]);
        }
        i = start;
    }
    dispatch(lane);
    while ((pair = finished.head)) {
        finished.head = pair->queue_next;
        finish(pair);
    }
}

static void forget_results(struct db_pair *pair)
{
    PQclear(pair->entered);
    PQclear(pair->called);
    pair->entered = pair->called = NULL;
}

static void run_again(struct lane *lane, struct db_pair *pair)
{
    metrics_add(again, 1);
    db_queue_put_first(&lane->queue, pair);
}

static bool is_state(const struct db_pair *pair, const char *const *states)
{
    for (; *states; states++)
        if (strncmp(pair->failed, *states, strlen(*states)) == 0)
            return true;
    return false;
}

static bool is_stale_plan(const struct db_pair *pair)
{
    return strcmp(pair->failed, "26000") == 0 || (pair->why && strstr(pair->why, "cached plan must not change")) ||
           (pair->why && strstr(pair->why, "cache lookup failed"));
}

/* Ends in one of: queued again, or in `finished` with `failed` set to a problem of the runtime's (`verdict`). */
static void give_up(struct db_pair *pair, const char *verdict, struct db_queue *finished)
{
    pair->verdict = verdict;
    db_queue_put_first(finished, pair);
}

static void after_loss(struct lane *lane, struct db_pair *pair, struct db_queue *finished)
{
    bool writes_something = pair->lane == DB_WRITE || pair->lane == DB_ALONE;

    if (writes_something) /* with an idempotency key it is safe to repeat; without one the client must look */
        give_up(pair, req_header(pair->rq, "idempotency-key") ? "database_unavailable" : "uncertain", finished);
    else if (pair->lost_before)
        give_up(pair, "database_unavailable", finished);
    else {
        pair->lost_before = true;
        run_again(lane, pair);
    }
}

static void try_later(void *arg)
{
    struct db_pair *pair = arg;

    enqueue(pair->lane == DB_READ ? &reads : pair->lane == DB_SLOW ? &slow : &writes, pair);
}

/* A pair whose transaction did not come through. In a group nobody knows whose fault it was: each runs again alone. */
static void judge(struct lane *lane, struct db_conn *conn, struct db_pair *pair, bool grouped,
                  struct db_queue *finished)
{
    static const char *const RACES[] = {"40001", "40P01", NULL}, *const BUSY[] = {"55P03", "57014", "53", NULL},
                             *const AWAY[] = {"57P", "08", "25006", NULL};
    bool landed = pair->landed;

    forget_results(pair);
    if (strcmp(pair->failed, "25006") == 0)
        db_conn_renew(conn, false); /* a standby: its successor is looked for */
    else if (landed && is_stale_plan(pair))
        db_conn_renew(conn, true);
    if (!landed && strcmp(pair->failed, "25006") != 0) {
        after_loss(lane, pair, finished);
    } else if (grouped) {
        pair->alone = true;
        run_again(lane, pair);
    } else if (is_stale_plan(pair) && !pair->replanned) {
        pair->replanned = pair->alone = true;
        run_again(lane, pair);
    } else if (is_state(pair, RACES) && pair->tries < TRIES) {
        pair->tries++;
        pair->alone = true;
        metrics_add(again, 1);
        loop_after(5 + (long)crypt_uniform((uint32_t)(20 << pair->tries)), try_later, pair);
    } else if (strcmp(pair->failed, "25006") == 0 && !pair->lost_before) {
        pair->lost_before = true;
        run_again(lane, pair);
    } else {
        log_event(LOG_ERROR, pair->rq, "db_failed", L_TEXT("function", pair->function),
                  L_TEXT("sqlstate", pair->failed), L_TEXT("why", pair->why));
        give_up(pair,
                is_state(pair, AWAY)                            ? "database_unavailable"
                : is_state(pair, RACES) || is_state(pair, BUSY) ? "overloaded"
                                                                : "internal",
                finished);
    }
}

/* ---- deadlines ---- */

static void sweep(void *arg)
{
    (void)arg;
    for (size_t i = 0; started && i < LEN(LANES); i++) {
        struct lane *lane = LANES[i];
        struct db_pair *pair = db_queue_take_expired(&lane->queue, loop_now_ms()), *next;
        for (; pair; pair = next) {
            next = pair->queue_next;
            req_refuse(pair->rq, any_up(lane) ? "deadline" : "database_unavailable");
        }
        for (size_t j = 0; j < lane->conn_count; j++)
            db_conn_expire(lane->conns[j], lane == &slow ? SLOW_FLIGHT_MS : FLIGHT_MS);
        metrics_set(lane->queued, (int64_t)lane->queue.count);
    }
    metrics_set(ups, db_ready() ? 2 : any_up(&reads) || any_up(&writes));
}

/* ---- the end of a call ---- */

static void finish(struct db_pair *pair)
{
    struct req *rq = pair->rq;
    struct db_row *row = &inside(rq)->row;

    if (!pair->verdict && !db_row_read(pair, row)) {
        log_event(LOG_ERROR, rq, "db_shape", L_TEXT("function", pair->function));
        pair->verdict = "internal";
    }
    PQclear(pair->entered);
    if (!pair->verdict && row->enter_code && !pair->tell)
        pair->verdict = row->enter_code;
    if (pair->verdict) {
        PQclear(pair->called);
        req_refuse(rq, pair->verdict);
        return;
    }
    inside(rq)->has_row = true;
    req_resume(rq, pair->next, pair->called, db_row_release);
}
