/* db_group: which queued calls may share a transaction, and in which order they stand in it. */
#include "db_conn.h"

void db_queue_put(struct db_queue *queue, struct db_pair *pair)
{
    pair->queue_next = NULL;
    if (queue->tail)
        queue->tail->queue_next = pair;
    else
        queue->head = pair;
    queue->tail = pair;
    queue->count++;
}

void db_queue_put_first(struct db_queue *queue, struct db_pair *pair)
{
    pair->queue_next = queue->head;
    queue->head = pair;
    if (!queue->tail)
        queue->tail = pair;
    queue->count++;
}

/* Groups of several workers take their locks in the same order, so they wait for each other but never deadlock. */
static int compare_order(const void *a, const void *b)
{
    const struct db_pair *left = *(struct db_pair *const *)a, *right = *(struct db_pair *const *)b;
    int keys = memcmp(left->order, right->order, sizeof left->order);

    return keys ? keys : left->number < right->number ? -1 : 1;
}

static bool is_taken(struct db_pair *const *taken, size_t count, const struct db_pair *pair)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(taken[i]->order, pair->order, sizeof pair->order) == 0)
            return true;
    return false;
}

/* Two writes of one user in one transaction: the second would see and undo with the first. It waits for the next group.
 */
static bool may_join(struct db_pair *const *taken, size_t count, const struct db_pair *pair)
{
    return !pair->alone && (pair->lane != DB_WRITE || !is_taken(taken, count, pair));
}

size_t db_queue_take(struct db_queue *queue, struct db_pair *out[static DB_GROUP])
{
    bool train = queue->head && queue->head->alone;
    struct db_pair **link = &queue->head, *last = NULL;
    size_t count = 0, most = train ? DB_TRAIN : DB_GROUP;

    while (*link && count < most) {
        struct db_pair *pair = *link;
        if (train ? !pair->alone : !may_join(out, count, pair)) {
            if (train)
                break; /* a train is what stands at the head in one row */
            last = pair;
            link = &pair->queue_next;
            continue;
        }
        *link = pair->queue_next;
        pair->queue_next = NULL;
        pair->closes_group = train;
        out[count++] = pair;
        queue->count--;
    }
    if (!*link)
        queue->tail = last;
    if (!train && count) {
        qsort(out, count, sizeof out[0], compare_order);
        out[count - 1]->closes_group = true;
    }
    return count;
}

size_t db_queue_take_one(struct db_queue *queue, struct db_pair *out[static DB_GROUP])
{
    struct db_pair *pair = queue->head;

    if (!pair)
        return 0;
    queue->head = pair->queue_next;
    if (!queue->head)
        queue->tail = NULL;
    queue->count--;
    pair->queue_next = NULL;
    pair->closes_group = true;
    out[0] = pair;
    return 1;
}

struct db_pair *db_queue_take_expired(struct db_queue *queue, long long now)
{
    struct db_queue left = {0}, expired = {0};
    struct db_pair *next;

    for (struct db_pair *pair = queue->head; pair; pair = next) {
        next = pair->queue_next;
        db_queue_put(pair->deadline <= now ? &expired : &left, pair);
    }
    *queue = left;
    return expired.head;
}
