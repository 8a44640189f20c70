/* flow: additive increase, multiplicative decrease, and the breaker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenants/sms/flow.c"

static void the_limit_halves_and_grows_back(void **state)
{
    struct flow flow;
    (void)state;
    flow_start(&flow, 64);
    assert_int_equal(flow_limit(&flow), 64);
    flow_ended(&flow, FLOW_SLOW_DOWN, 0);
    flow_ended(&flow, FLOW_SLOW_DOWN, 0);
    assert_int_equal(flow_limit(&flow), 16);
    for (int i = 0; i < 17; i++)
        flow_ended(&flow, FLOW_GOOD, 0);
    assert_int_equal(flow_limit(&flow), 17); /* a round of good ones is worth one more */
    for (int i = 0; i < 10000; i++)
        flow_ended(&flow, FLOW_GOOD, 0);
    assert_int_equal(flow_limit(&flow), 64);
    for (int i = 0; i < 100; i++)
        flow_ended(&flow, FLOW_SLOW_DOWN, 0);
    assert_int_equal(flow_limit(&flow), 1);
    assert_true(flow_closed(&flow)); /* being told to slow down is no failure */
}

static void ten_failures_in_ten_seconds_open_it(void **state)
{
    struct flow flow;
    (void)state;
    flow_start(&flow, 8);
    for (int i = 0; i < 9; i++)
        flow_ended(&flow, FLOW_BAD, i * 1000);
    assert_true(flow_closed(&flow));
    flow_ended(&flow, FLOW_BAD, 9000);
    assert_false(flow_closed(&flow));
    assert_false(flow_take(&flow, 9000));
    assert_int_equal(flow_wait_ms(&flow, 9000), 5000);
}

static void slow_failures_and_a_good_one_between_keep_it_closed(void **state)
{
    struct flow flow;
    (void)state;
    flow_start(&flow, 8);
    for (int i = 0; i < 100; i++)
        flow_ended(&flow, FLOW_BAD, i * 1200L);
    assert_true(flow_closed(&flow));
    flow_start(&flow, 8);
    for (int i = 0; i < 100; i++)
        flow_ended(&flow, i % 9 ? FLOW_BAD : FLOW_GOOD, i);
    assert_true(flow_closed(&flow));
}

static void one_probe_at_a_time(void **state)
{
    struct flow flow;
    (void)state;
    flow_start(&flow, 8);
    for (int i = 0; i < 10; i++)
        flow_ended(&flow, FLOW_BAD, 0);
    assert_false(flow_half_open(&flow, 4999));
    assert_true(flow_half_open(&flow, 5000));
    assert_true(flow_take(&flow, 5000));
    assert_false(flow_take(&flow, 5001));
    assert_true(flow_wait_ms(&flow, 5001) > 0);
    flow_ended(&flow, FLOW_BAD, 6000); /* still down: another 5 s */
    assert_false(flow_take(&flow, 10999));
    assert_true(flow_take(&flow, 11000));
    flow_ended(&flow, FLOW_GOOD, 11100);
    assert_true(flow_closed(&flow));
    assert_true(flow_take(&flow, 11100));
    flow_ended(&flow, FLOW_BAD, 11200); /* one failure after that does not open it again */
    assert_true(flow_closed(&flow));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_halves_and_grows_back),
        cmocka_unit_test(ten_failures_in_ten_seconds_open_it),
        cmocka_unit_test(slow_failures_and_a_good_one_between_keep_it_closed),
        cmocka_unit_test(one_probe_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
