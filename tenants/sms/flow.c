/* flow: the limit and the breaker. */
#include "sms/flow.h"

#define WINDOW_MS 10000
#define OPEN_MS 5000

void flow_start(struct flow *flow, int most)
{
    *flow = (struct flow){.limit = most, .most = most};
}

int flow_limit(const struct flow *flow)
{
    return flow->limit < 1 ? 1 : (int)flow->limit;
}

bool flow_closed(const struct flow *flow)
{
    return flow->open_until == 0;
}

bool flow_half_open(const struct flow *flow, long long now_ms)
{
    return flow->open_until > 0 && flow->open_until <= now_ms && !flow->probing;
}

bool flow_take(struct flow *flow, long long now_ms)
{
    if (flow_closed(flow))
        return true;
    if (!flow_half_open(flow, now_ms))
        return false;
    flow->probing = true;
    return true;
}

long flow_wait_ms(const struct flow *flow, long long now_ms)
{
    if (flow->open_until > now_ms)
        return (long)(flow->open_until - now_ms);
    return flow->probing ? OPEN_MS : 1;
}

void flow_ended(struct flow *flow, enum flow_end end, long long now_ms)
{
    if (end == FLOW_SLOW_DOWN)
        flow->limit = flow->limit / 2 < 1 ? 1 : flow->limit / 2;
    if (end == FLOW_GOOD && flow->limit < flow->most)
        flow->limit += 1 / flow->limit;
    if (end != FLOW_BAD) {
        flow->open_until = 0;
        flow->probing = false;
        flow->failures = 0;
        return;
    }

    flow->failed_at[flow->failures++ % FLOW_FAILURES] = now_ms;
    long long oldest = flow->failed_at[flow->failures % FLOW_FAILURES];
    if (flow->probing || (flow->failures >= FLOW_FAILURES && now_ms - oldest <= WINDOW_MS))
        flow->open_until = now_ms + OPEN_MS;
    flow->probing = false;
}
