/* loop: timers in order, deferred calls on the next turn, foreign descriptors that come and go inside callbacks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/loop.c"

#include <fcntl.h>

static char trace[256];
static struct loop_watch *watches[2];
static int pipes[2][2];

static void note(void *arg)
{
    size_t len = strlen(trace);

    snprintf(trace + len, sizeof trace - len, "%s ", (const char *)arg);
}

static void note_and_end(void *arg)
{
    note(arg);
    loop_end();
}

static void note_and_defer(void *arg)
{
    note(arg);
    loop_defer(note, "deferred");
}

static int set_up(void **state)
{
    (void)state;
    trace[0] = '\0';
    loop_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_stop();
    return 0;
}

static void timers_run_by_time_then_by_order(void **state)
{
    struct loop_timer *never;

    (void)state;
    loop_after(30, note_and_end, "end");
    loop_after(20, note, "c");
    loop_after(1, note, "a");
    loop_after(1, note, "b");
    never = loop_after(10, note, "never");
    loop_cancel(never);
    loop_cancel(NULL);
    loop_run();
    assert_string_equal(trace, "a b c end ");
}

static void many_timers_keep_their_order(void **state)
{
    struct loop_timer *timers[500];
    static int fired;
    long long last = -1;

    (void)state;
    (void)fired;
    for (size_t i = 0; i < 500; i++)
        timers[i] = loop_after((long)(i * 7919 % 1000), note, "x");
    for (size_t i = 0; i < 500; i += 3)
        loop_cancel(timers[i]);
    while (heap_len) { /* what the heap gives is sorted */
        assert_true(heap[0]->due >= last);
        last = heap[0]->due;
        loop_cancel(heap[0]);
    }
}

static void deferred_calls_wait_for_the_next_turn(void **state)
{
    (void)state;
    loop_defer(note_and_defer, "first");
    loop_defer(note, "second");
    loop_after(5, note_and_end, "end");
    loop_run();
    assert_string_equal(trace, "first second deferred end ");
}

static void something_every_few_milliseconds(void **state)
{
    (void)state;
    loop_every(2, note, "tick");
    loop_after(20, note_and_end, "end");
    loop_run();
    assert_non_null(strstr(trace, "tick tick tick"));
}

/* Both are readable; whichever is told first takes the other away, whose event must then never come. */
static void on_ready(void *arg, int events)
{
    size_t which = (size_t)(intptr_t)arg;

    assert_int_equal(events, LOOP_READ);
    note("ready");
    loop_unwatch(watches[1 - which]);
    watches[1 - which] = NULL;
    loop_unwatch(watches[which]);
    watches[which] = NULL;
    loop_after(5, note_and_end, "end");
}

static void a_callback_may_free_another_watch(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
        watches[i] = loop_watch(pipes[i][0], LOOP_READ, on_ready, (void *)(intptr_t)i);
    }
    loop_run();
    assert_string_equal(trace, "ready end ");
    for (size_t i = 0; i < 2; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

static void on_any(void *arg, int events)
{
    struct loop_watch **watch = arg;

    note(events & LOOP_WRITE ? "writable" : "readable");
    loop_rewatch(*watch, 0); /* silent, but kept */
}

static void a_watch_can_change_its_mind_or_pause(void **state)
{
    struct loop_watch *watch;

    (void)state;
    assert_int_equal(pipe2(pipes[0], O_NONBLOCK), 0);
    watch = loop_watch(pipes[0][1], LOOP_WRITE, on_any, &watch);
    loop_after(10, note_and_end, "end");
    loop_run();
    assert_string_equal(trace, "writable end ");
    close(pipes[0][0]);
    close(pipes[0][1]); /* closed under the watch: unwatching still works */
    loop_unwatch(watch);
    loop_unwatch(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_run_by_time_then_by_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_timers_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deferred_calls_wait_for_the_next_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(something_every_few_milliseconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_callback_may_free_another_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watch_can_change_its_mind_or_pause, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
