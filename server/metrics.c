/* metrics: rows of 64-bit cells in shared memory, one row per worker; each worker writes only its own. */
#include "metrics.h"
#include "log.h"
#include "metrics_inside.h"

#include <stdarg.h>
#include <sys/mman.h>

#define MOST_CELLS 4096
#define MOST_METRICS 1024

/* Upper bounds in microseconds; one more bucket holds the rest. */
static const int64_t BOUNDS[] = {250,   500,   1000,   2000,   4000,   8000,    16000,
                                 32000, 64000, 125000, 250000, 500000, 1000000, 5000000};
#define BUCKETS (LEN(BOUNDS) + 1)

enum kind { COUNTER, GAUGE, HISTOGRAM };

/* A histogram takes BUCKETS cells, then the sum, then the count. */
struct metric {
    enum kind kind;
    const char *name, *labels, *help;
    size_t cell;
};

static struct metric metrics[MOST_METRICS];
static size_t metric_count, cell_count;
static int64_t spare[MOST_CELLS]; /* before metrics_share, and in tests: one row of its own */
static int64_t *rows = spare, *mine = spare;
static size_t row_count = 1;

static struct metric *add(enum kind kind, const char *name, const char *labels, const char *help)
{
    size_t cells = kind == HISTOGRAM ? BUCKETS + 2 : 1;
    struct metric *metric = &metrics[metric_count];

    if (metric_count == MOST_METRICS || cell_count + cells > MOST_CELLS)
        die("too many metrics");
    *metric = (struct metric){kind, strdup(name), strdup(labels ? labels : ""), strdup(help), cell_count};
    metric_count++;
    cell_count += cells;
    return metric;
}

struct metric *metrics_counter(const char *name, const char *labels, const char *help)
{
    return add(COUNTER, name, labels, help);
}

struct metric *metrics_gauge(const char *name, const char *labels, const char *help)
{
    return add(GAUGE, name, labels, help);
}

struct metric *metrics_histogram(const char *name, const char *labels, const char *help)
{
    return add(HISTOGRAM, name, labels, help);
}

void metrics_share(size_t workers)
{
    size_t size = workers * MOST_CELLS * sizeof rows[0];

    rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED)
        die("no memory for metrics");
    row_count = workers;
    mine = rows;
}

/* A worker that takes over a dead one's row goes on with its counters; what it held at the moment is gone. */
void metrics_own(size_t worker)
{
    mine = rows + worker * MOST_CELLS;
    for (size_t i = 0; i < metric_count; i++)
        if (metrics[i].kind == GAUGE)
            mine[metrics[i].cell] = 0;
}

static void store(size_t cell, int64_t value)
{
    __atomic_store_n(&mine[cell], value, __ATOMIC_RELAXED);
}

void metrics_add(struct metric *metric, int64_t n)
{
    store(metric->cell, mine[metric->cell] + n);
}

void metrics_set(struct metric *metric, int64_t value)
{
    store(metric->cell, value);
}

void metrics_observe(struct metric *metric, int64_t microseconds)
{
    size_t bucket = 0;

    while (bucket < LEN(BOUNDS) && microseconds > BOUNDS[bucket])
        bucket++;
    store(metric->cell + bucket, mine[metric->cell + bucket] + 1);
    store(metric->cell + BUCKETS, mine[metric->cell + BUCKETS] + microseconds);
    store(metric->cell + BUCKETS + 1, mine[metric->cell + BUCKETS + 1] + 1);
}

/* ---- Prometheus' text format, version 0.0.4 ---- */

static int64_t sum(size_t cell)
{
    int64_t total = 0;

    for (size_t i = 0; i < row_count; i++)
        total += __atomic_load_n(&rows[i * MOST_CELLS + cell], __ATOMIC_RELAXED);
    return total;
}

static void write_histogram(FILE *out, const struct metric *metric)
{
    const char *comma = *metric->labels ? "," : "";
    int64_t below = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        below += sum(metric->cell + i);
        if (i < LEN(BOUNDS))
            fprintf(out, "%s_bucket{%s%sle=\"%g\"} %lld\n", metric->name, metric->labels, comma,
                    (double)BOUNDS[i] / 1e6, (long long)below);
        else
            fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", metric->name, metric->labels, comma, (long long)below);
    }
    fprintf(out, "%s_sum{%s} %.6f\n", metric->name, metric->labels, (double)sum(metric->cell + BUCKETS) / 1e6);
    fprintf(out, "%s_count{%s} %lld\n", metric->name, metric->labels, (long long)below);
}

static void write_value(FILE *out, const struct metric *metric)
{
    if (*metric->labels)
        fprintf(out, "%s{%s} %lld\n", metric->name, metric->labels, (long long)sum(metric->cell));
    else
        fprintf(out, "%s %lld\n", metric->name, (long long)sum(metric->cell));
}

static bool is_first_of_name(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(metrics[i].name, metrics[at].name) == 0)
            return false;
    return true;
}

char *metrics_text(size_t *ret_len)
{
    static const char *const KINDS[] = {"counter", "gauge", "histogram"};
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_len);

    if (!out)
        die("no memory");
    for (size_t i = 0; i < metric_count; i++) {
        if (!is_first_of_name(i))
            continue;
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help, metrics[i].name,
                KINDS[metrics[i].kind]);
        for (size_t j = i; j < metric_count; j++) { /* all of one name stand together */
            if (strcmp(metrics[j].name, metrics[i].name) != 0)
                continue;
            if (metrics[j].kind == HISTOGRAM)
                write_histogram(out, &metrics[j]);
            else
                write_value(out, &metrics[j]);
        }
    }
    fclose(out);
    return text;
}
