/* db_group: who shares a transaction, in which order, and who travels alone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/db_group.c"

static struct db_pair pairs[200];
static struct db_pair *flight[DB_GROUP];
static struct db_queue queue;
static size_t made;

static int set_up(void **state)
{
    (void)state;
    memset(pairs, 0, sizeof pairs);
    queue = (struct db_queue){0};
    made = 0;
    return 0;
}

static struct db_pair *add(enum db_lane lane, uint8_t order)
{
    struct db_pair *pair = &pairs[made];

    pair->lane = lane;
    pair->order[0] = order;
    pair->number = made++;
    pair->alone = lane == DB_ALONE;
    db_queue_put(&queue, pair);
    return pair;
}

static void check_queue(size_t count)
{
    size_t seen = 0;
    struct db_pair *last = NULL;

    for (struct db_pair *pair = queue.head; pair; pair = pair->queue_next) {
        last = pair;
        seen++;
    }
    assert_int_equal(seen, count);
    assert_int_equal(queue.count, count);
    assert_ptr_equal(queue.tail, last);
}

static void a_group_is_ordered_by_key_then_by_arrival(void **state)
{
    (void)state;
    add(DB_READ, 3);
    add(DB_READ, 1);
    add(DB_READ, 3);
    add(DB_READ, 2);
    assert_int_equal(db_queue_take(&queue, flight), 4);
    assert_ptr_equal(flight[0], &pairs[1]);
    assert_ptr_equal(flight[1], &pairs[3]);
    assert_ptr_equal(flight[2], &pairs[0]);
    assert_ptr_equal(flight[3], &pairs[2]);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(flight[i]->closes_group, i == 3);
    check_queue(0);
}

static void one_write_per_key_and_the_rest_waits_in_order(void **state)
{
    (void)state;
    add(DB_WRITE, 1);
    add(DB_WRITE, 1);
    add(DB_WRITE, 2);
    add(DB_WRITE, 1);
    assert_int_equal(db_queue_take(&queue, flight), 2);
    assert_ptr_equal(flight[0], &pairs[0]);
    assert_ptr_equal(flight[1], &pairs[2]);
    check_queue(2);
    assert_int_equal(db_queue_take(&queue, flight), 1);
    assert_ptr_equal(flight[0], &pairs[1]);
    assert_int_equal(db_queue_take(&queue, flight), 1);
    assert_ptr_equal(flight[0], &pairs[3]);
    check_queue(0);
}

static void a_group_has_its_ceiling(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        add(DB_WRITE, (uint8_t)i);
    assert_int_equal(db_queue_take(&queue, flight), DB_GROUP);
    check_queue(100 - DB_GROUP);
    assert_int_equal(db_queue_take(&queue, flight), 100 - DB_GROUP);
    assert_true(flight[99 - DB_GROUP]->closes_group);
}

static void whoever_spends_travels_alone(void **state)
{
    (void)state;
    add(DB_ALONE, 1);
    add(DB_ALONE, 1);
    add(DB_WRITE, 1);
    add(DB_ALONE, 2);
    assert_int_equal(db_queue_take(&queue, flight), 2); /* a train: each closes a group of its own */
    assert_true(flight[0]->closes_group && flight[1]->closes_group);
    assert_int_equal(db_queue_take(&queue, flight), 1);
    assert_ptr_equal(flight[0], &pairs[2]);
    assert_int_equal(db_queue_take(&queue, flight), 1);
    assert_ptr_equal(flight[0], &pairs[3]);
    check_queue(0);
}

static void a_group_skips_the_lonely_but_keeps_them(void **state)
{
    (void)state;
    add(DB_WRITE, 1);
    add(DB_ALONE, 2);
    add(DB_WRITE, 3);
    assert_int_equal(db_queue_take(&queue, flight), 2);
    assert_ptr_equal(flight[1], &pairs[2]);
    check_queue(1);
    assert_ptr_equal(queue.head, &pairs[1]);
}

static void a_train_has_its_ceiling(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++)
        add(DB_ALONE, 0);
    assert_int_equal(db_queue_take(&queue, flight), DB_TRAIN);
    assert_ptr_equal(flight[0], &pairs[0]); /* never reordered */
    assert_ptr_equal(flight[DB_TRAIN - 1], &pairs[DB_TRAIN - 1]);
    check_queue(40 - DB_TRAIN);
}

static void what_runs_again_goes_first(void **state)
{
    struct db_pair *again;

    (void)state;
    again = add(DB_WRITE, 5);
    db_queue_take(&queue, flight);
    add(DB_WRITE, 1);
    again->alone = true; /* its group aborted */
    db_queue_put_first(&queue, again);
    assert_int_equal(db_queue_take(&queue, flight), 1);
    assert_ptr_equal(flight[0], again);
    assert_true(again->closes_group);
    check_queue(1);
}

static void taking_one_keeps_the_queue_whole(void **state)
{
    (void)state;
    assert_int_equal(db_queue_take_one(&queue, flight), 0);
    add(DB_SLOW, 0);
    add(DB_SLOW, 0);
    assert_int_equal(db_queue_take_one(&queue, flight), 1);
    assert_true(flight[0]->closes_group);
    check_queue(1);
    assert_int_equal(db_queue_take_one(&queue, flight), 1);
    check_queue(0);
    add(DB_SLOW, 0);
    check_queue(1);
}

static void the_expired_leave_from_anywhere(void **state)
{
    struct db_pair *expired;

    (void)state;
    for (int i = 0; i < 5; i++)
        add(DB_READ, 0)->deadline = i % 2 ? 100 : 200;
    expired = db_queue_take_expired(&queue, 100);
    assert_ptr_equal(expired, &pairs[1]);
    assert_ptr_equal(expired->queue_next, &pairs[3]);
    assert_null(expired->queue_next->queue_next);
    check_queue(3);
    assert_null(db_queue_take_expired(&queue, 199));
    db_queue_take_expired(&queue, 200);
    check_queue(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_group_is_ordered_by_key_then_by_arrival, set_up),
        cmocka_unit_test_setup(one_write_per_key_and_the_rest_waits_in_order, set_up),
        cmocka_unit_test_setup(a_group_has_its_ceiling, set_up),
        cmocka_unit_test_setup(whoever_spends_travels_alone, set_up),
        cmocka_unit_test_setup(a_group_skips_the_lonely_but_keeps_them, set_up),
        cmocka_unit_test_setup(a_train_has_its_ceiling, set_up),
        cmocka_unit_test_setup(what_runs_again_goes_first, set_up),
        cmocka_unit_test_setup(taking_one_keeps_the_queue_whole, set_up),
        cmocka_unit_test_setup(the_expired_leave_from_anywhere, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
