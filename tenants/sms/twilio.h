/* twilio: one message as a form, one answer as an outcome; nothing here talks to anybody.
 *
 * Twilio has no idempotency key for messages. So an answer is sorted by one question first: is it certain that no
 * text was sent? Only then may the sender post again (security.md d.6, d.7).
 */
#ifndef TENANTS_TWILIO_H
#define TENANTS_TWILIO_H

#include "common.h"
#include "fetch.h"
#include "money.h"

#define TWILIO_SID 35       /* two letters, 32 hex digits, NUL */
#define TWILIO_FORM 4096    /* room that any form of ours fits in */
#define TWILIO_SIGNATURE 29 /* base64 of 20 bytes and NUL */

struct twilio_message {
    const char *to;                /* E.164 */
    const char *from;              /* E.164, used when messaging_service is "" */
    const char *messaging_service; /* "MG…" or "" */
    const char *body;
    const char *status_callback; /* URL */
    long seconds_left;           /* of the code's life; Twilio gives up then, instead of texting a dead code */
    const char *code, *locale;   /* for a provider that words the text itself */
};

/* Writes the application/x-www-form-urlencoded body of POST …/Messages.json. False when it does not fit. */
bool twilio_form(const struct twilio_message *message, char out[static TWILIO_FORM]) MUST_USE;

enum twilio_verdict {
    TWILIO_ACCEPTED,    /* queued there; sid is set */
    TWILIO_RETRY,       /* certainly not processed: again soon, with fewer at once when `slow_down` */
    TWILIO_RETRY_LATER, /* certainly not sent; this sender is over its rate: again in 30 s */
    TWILIO_FAILED,      /* certainly not sent, and will not be: error is set */
    TWILIO_CONFIG,      /* the same, because of our account: an operator must look */
    TWILIO_AMBIGUOUS,   /* perhaps sent: never post again */
};

struct twilio_outcome {
    enum twilio_verdict verdict;
    char sid[TWILIO_SID];
    long error;         /* Twilio's error code, 0 when it gave none */
    bool slow_down;     /* HTTP 429 */
    bool sender_failed; /* certainly not sent, because of this sender: another one of ours may do better */
};

/* What became of a POST of a message. */
struct twilio_outcome twilio_posted(const struct fetch_answer *answer);

/* The same for an answer of status 4xx alone. */
struct twilio_outcome twilio_refused(const struct fetch_answer *answer);
/* The answer's JSON object, or NULL; the caller's to free. */
json_t *twilio_json(const struct fetch_answer *answer);

/* Is this word for a message's status known, and which of ours is it? "accepted", "sent", "delivered", "undelivered",
 * "failed"; NULL for any other word. */
const char *twilio_status(const char *word);
bool twilio_lost(const char *status); /* of ours: "undelivered" or "failed"? */

/* "SM" or "MM" and 32 lower-case hex digits? */
bool twilio_is_sid(const char *text);

/* A message as Twilio reports it. */
struct twilio_seen {
    char sid[TWILIO_SID];
    const char *status; /* ours, static */
    long error;
    bool has_price;       /* known already */
    int64_t price_micros; /* of all segments together, 0 or more */
    char currency[MONEY_CURRENCY];
    long segments; /* 0 when not known */
};

/* Reads the answer to GET …/Messages/SID.json. False when it is none. */
bool twilio_read_message(const struct fetch_answer *answer, struct twilio_seen *ret) MUST_USE;

/* What a lost message looks like in a list. */
struct twilio_wanted {
    const char *to;
    const char *mark;  /* what its body has and no other: texts_mark; NULL when that is not known any more */
    long long sent_ms; /* when the post began, ms since 1970 */
};
#define TWILIO_CANDIDATES 5

/* Reads the answer to GET …/Messages.json: outgoing messages to that number, made within a minute of the post, whose
 * body is ours or was not kept. Best first. Returns their number, 0..TWILIO_CANDIDATES, or -1 when the answer is no
 * list. */
int twilio_find(const struct fetch_answer *answer, const struct twilio_wanted *wanted,
                struct twilio_seen ret[static TWILIO_CANDIDATES]);

/* X-Twilio-Signature of a request: HMAC-SHA1 under the auth token over the URL, then each field's name and value,
 * sorted by name; in base64. `pairs` is name, value, name, value, …; `count` pairs. */
void twilio_sign(const char *token, const char *url, const char *const *pairs, size_t count,
                 char out[static TWILIO_SIGNATURE]);

#endif
