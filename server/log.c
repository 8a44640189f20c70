/* log: one JSON line per event on stderr, gathered in whole lines and written once per turn of the loop.
 *
 * A write is never longer than PIPE_BUF, so lines of several workers do not mix on a pipe, and never blocks: when the
 * reader has stalled, lines are dropped and counted. */
#include "log.h"
#include "loop.h"
#include "req.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
static enum log_level lowest = LOG_INFO;
static bool gathering; /* a loop runs that will call log_flush */
static char held[PIPE_BUF];
static size_t held_len;
static unsigned long long dropped;

struct line {
    char text[2048];
    size_t len;
    bool full;
};

static void put_raw(struct line *line, const char *bytes, size_t len)
{
    if (len > sizeof line->text - 2 - line->len) { /* 2: the closing of the line */
        line->full = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static bool is_plain(uint8_t c, bool sound)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && (c < 0x80 || sound);
}

static void put_escaped(struct line *line, uint8_t c)
{
    char escaped[8];

    if (c == '"' || c == '\\')
        put_raw(line, (char[]){'\\', (char)c}, 2);
    else
        put_raw(line, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
}

/* Whole characters of at most 300 bytes; bytes that are not UTF-8 are escaped one by one. */
static void put_string(struct line *line, const char *text)
{
    size_t len = strlen(text), most = 300;
    bool sound = text_utf8(text, len);

    if (len > most) {
        while (sound && ((uint8_t)text[most] & 0xc0) == 0x80)
            most--;
        len = most;
    }
    put_raw(line, "\"", 1);
    for (size_t i = 0, plain; i < len; i += plain) {
        for (plain = 0; i + plain < len && is_plain((uint8_t)text[i + plain], sound); plain++)
            ;
        put_raw(line, text + i, plain);
        if (i + plain < len)
            put_escaped(line, (uint8_t)text[i + plain++]);
    }
    put_raw(line, "\"", 1);
}

static void put_number(struct line *line, long long number)
{
    unsigned long long left = number < 0 ? -(unsigned long long)number : (unsigned long long)number;
    char digits[24];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + left % 10);
    } while (left /= 10);
    if (number < 0)
        digits[--at] = '-';
    put_raw(line, digits + at, sizeof digits - at);
}

static void put_time(struct line *line)
{
    static time_t shown;
    static char date[24];
    struct timespec now;
    struct tm utc;
    long ms;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != shown) {
        shown = now.tv_sec;
        gmtime_r(&now.tv_sec, &utc);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    put_raw(line, "{\"at\":\"", 7);
    put_raw(line, date, strlen(date));
    ms = now.tv_nsec / 1000000;
    put_raw(line, (char[]){'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"'},
            6);
}

/* A pair that does not fit is left out whole: a line is always JSON. */
static void put_pair(struct line *line, struct log_pair pair)
{
    size_t before = line->len;

    put_raw(line, ",", 1);
    put_string(line, pair.key);
    put_raw(line, ":", 1);
    if (pair.text)
        put_string(line, pair.text);
    else
        put_number(line, pair.number);
    if (line->full) {
        line->len = before;
        line->full = false;
    }
}

void log_flush(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (held_len == 0)
        return;
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT)) {
        ssize_t done;
        do {
            done = write(STDERR_FILENO, held, held_len);
        } while (done < 0 && errno == EINTR);
    } else {
        dropped++;
    }
    held_len = 0;
}

void log_gather(bool on)
{
    log_flush();
    gathering = on;
}

unsigned long long log_dropped(void)
{
    return dropped;
}

void log_pairs(enum log_level level, const struct req *rq, const char *event, const struct log_pair *pairs)
{
    struct line line = {.len = 0};
    char id[TEXT_TYPEID];

    if (level < lowest)
        return;
    put_time(&line);
    put_pair(&line, L_TEXT("level", LEVELS[level]));
    put_pair(&line, L_TEXT("event", event));
    if (rq) {
        text_typeid("request", rq->id, id);
        put_pair(&line, L_TEXT("request", id));
    }
    for (; pairs->key; pairs++)
        put_pair(&line, *pairs);
    line.text[line.len++] = '}';
    line.text[line.len++] = '\n';
    if (held_len + line.len > sizeof held)
        log_flush();
    memcpy(held + held_len, line.text, line.len);
    held_len += line.len;
    if (!gathering || level >= LOG_ERROR)
        log_flush();
}

void log_level_set(enum log_level level)
{
    lowest = level;
}

void die(const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_event(LOG_ERROR, NULL, "die", L_TEXT("why", text));
    exit(70);
}
