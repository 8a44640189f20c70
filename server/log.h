/* log: one JSON line per event on stderr. Values are given as typed pairs; there is no way to pass a secret buffer. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "common.h"

struct req;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_pair {
    const char *key;
    const char *text; /* NULL: number is the value */
    long long number;
};

static inline struct log_pair log_text(const char *key, const char *text)
{
    return (struct log_pair){.key = key, .text = text ? text : ""};
}

static inline struct log_pair log_number(const char *key, long long number)
{
    return (struct log_pair){.key = key, .number = number};
}
#define L_TEXT(key, text) log_text(key, text)
#define L_INT(key, number) log_number(key, number)

/* log_event(LOG_WARN, rq, "send_ambiguous", L_TEXT("send", id), L_INT("attempt", 2)); rq may be NULL. */
#define log_event(level, rq, event, ...) log_pairs(level, rq, event, (struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ){0}})
void log_pairs(enum log_level level, const struct req *rq, const char *event, const struct log_pair *pairs);
void log_level_set(enum log_level level);
void log_gather(bool on); /* true while a loop runs that calls log_flush once per turn: lines go out together */
void log_flush(void);
unsigned long long log_dropped(void); /* writes given up because nobody read stderr */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2))); /* log and exit(70) */

#endif
