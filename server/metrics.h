/* metrics: counters, gauges and histograms over all workers, written in Prometheus' text format.
 *
 * The cells live in memory shared by the workers (mapped before the fork), one row per worker, so that whichever
 * worker answers /metrics sums them all. Never label by tenant, user or phone. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "common.h"

struct metric;

/* Register before the fork (in app->check_config or at file scope start functions). labels: `route="x",status="2"` or
 * NULL. */
struct metric *metrics_counter(const char *name, const char *labels, const char *help);
struct metric *metrics_gauge(const char *name, const char *labels, const char *help);
struct metric *metrics_histogram(const char *name, const char *labels,
                                 const char *help); /* microseconds, fixed buckets */
void metrics_add(struct metric *metric, int64_t n);
void metrics_set(struct metric *metric, int64_t value);
void metrics_observe(struct metric *metric, int64_t microseconds);

#endif
