/* clock: a worker whose clock is off is taken out of rotation until it agrees again. */
#include "clock.h"

#include "app.h"
#include "log.h"
#include "metrics.h"
#include "text.h"

#define OFF_MS 2000 /* this far from the database's clock */
#define OFF_TIMES 3 /* so often in a row */

static struct metric *gauge;
static int off;

void clock_start(void)
{
    gauge = metrics_gauge("tillgate_clock_off", NULL, "Workers whose clock does not agree with the database's.");
}

void clock_compare(long long began_ms, long long database_ms)
{
    long long now = text_now_ms();
    /* Somewhere between begin and end is right: a slow call is no wrong clock. */
    long long ahead = database_ms < began_ms ? began_ms - database_ms : database_ms > now ? now - database_ms : 0;
    bool good = ahead > -OFF_MS && ahead < OFF_MS;
    if (good && off >= OFF_TIMES) {
        log_event(LOG_INFO, NULL, "clock_right", L_INT("ahead_ms", ahead));
        server_unfit(NULL);
    }
    off = good ? 0 : off + 1;
    metrics_set(gauge, off >= OFF_TIMES);
    if (off >= OFF_TIMES)
        server_unfit("clock_off");
    if (off == OFF_TIMES)
        log_event(LOG_ERROR, NULL, "clock_off", L_INT("ahead_ms", ahead));
}
