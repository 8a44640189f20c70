/* flow: how many posts to Twilio may be under way at once, and whether any may be. Pure: time is an argument.
 *
 * The limit halves when Twilio says 429 and grows by one for each full round of accepted posts (additive increase,
 * multiplicative decrease). A circuit breaker opens after 10 failures within 10 s; every 5 s one post may try whether
 * it works again.
 *
 *   closed     open_until == 0
 *   open       open_until > now, or a probe is under way
 *   half-open  0 < open_until <= now, no probe under way: the next flow_take is the probe
 */
#ifndef TENANTS_FLOW_H
#define TENANTS_FLOW_H

#include "common.h"

#define FLOW_FAILURES 10

struct flow {
    double limit;
    int most;
    long long failed_at[FLOW_FAILURES]; /* a ring of the last ones, ms */
    size_t failures;
    long long open_until; /* ms */
    bool probing;
};

enum flow_end {
    FLOW_GOOD,      /* an answer, whatever it says about the message */
    FLOW_SLOW_DOWN, /* 429 */
    FLOW_BAD,       /* no answer, or a 5xx */
};

void flow_start(struct flow *flow, int most);
int flow_limit(const struct flow *flow);   /* posts under way at once, at least 1 */
bool flow_closed(const struct flow *flow); /* is all well? */
bool flow_half_open(const struct flow *flow, long long now_ms);
/* May this post leave? While half-open one may, as the probe; it must be followed by flow_ended. */
bool flow_take(struct flow *flow, long long now_ms) MUST_USE;
long flow_wait_ms(const struct flow *flow, long long now_ms); /* until a post may leave, at least 1 */
void flow_ended(struct flow *flow, enum flow_end end, long long now_ms);

#endif
