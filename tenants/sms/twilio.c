/* twilio: forms, answers, error codes and signatures of Twilio's Programmable Messaging API (2010-04-01). */
#include "sms/twilio.h"

#include "crypt.h"
#include "log.h"
#include "sms/provider.h"
#include "text.h"

#include <jansson.h>
#include <time.h>

#define VALIDITY_LEAST 10 /* seconds; less would be dead on arrival */
#define LIST_WINDOW_MS 60000

static bool add_field(char *out, size_t *used, const char *name, const char *value);
static struct twilio_outcome by_code(long error);
static bool read_seen(json_t *from, struct twilio_seen *ret);
static bool wanted_one(json_t *message, const struct twilio_wanted *wanted);
static long long date_ms(const char *rfc2822);
static void read_price(json_t *from, struct twilio_seen *ret);
static bool post(const struct account *account, const struct twilio_message *message, struct provider_post *ret);
static void look(const struct account *account, const char *sid, char url[static PROVIDER_URL]);
static void list(const struct account *account, const struct twilio_wanted *wanted, char url[static PROVIDER_URL]);
static bool feedback(const struct account *account, const char *sid, const char *to, struct provider_post *ret);

const struct provider PROVIDER_MESSAGING = {
    .name = "messaging",
    .post = post,
    .posted = twilio_posted,
    .is_sid = twilio_is_sid,
    .look = look,
    .looked = twilio_read_message,
    .list = list,
    .found = twilio_find,
    .feedback = feedback,
};

/* What Twilio's error codes mean for a post: security.md d.7. Any other code is TWILIO_FAILED. What the user is told,
 * and whether the number rests, is decided from the same codes in sql/api/sms/codes.sql. The last word says whether it
 * is this sender's fault alone: never so for a number that opted out of it, or that no sender reaches. */
/* clang-format off */
static const struct code {
    long error;
    enum twilio_verdict verdict;
    bool sender_failed;
} CODES[] = {
    {20429, TWILIO_RETRY, false},      /* too many requests at once */
    {60212, TWILIO_RETRY, false},      /* Verify: too many at once for this number */
    {14107, TWILIO_RETRY_LATER, true}, /* over the sender's rate */
    {21611, TWILIO_RETRY_LATER, true}, /* its queue is full */
    {30001, TWILIO_RETRY_LATER, true},
    {20003, TWILIO_CONFIG, false},     /* credentials */
    {20404, TWILIO_CONFIG, false},     /* no such account or address */
    {21606, TWILIO_CONFIG, true},      /* the sender cannot text */
    {21612, TWILIO_FAILED, true},      /* this sender does not reach this number */
    {21701, TWILIO_CONFIG, true},      /* no such messaging service */
    {21703, TWILIO_CONFIG, true},      /* the messaging service has no senders */
    {21608, TWILIO_CONFIG, false},     /* trial account */
    {30002, TWILIO_CONFIG, false},     /* account suspended */
    {30032, TWILIO_CONFIG, true},      /* sender not registered: toll-free */
    {30034, TWILIO_CONFIG, true},      /* sender not registered: A2P 10DLC */
};
/* clang-format on */

static bool post(const struct account *account, const struct twilio_message *message, struct provider_post *ret)
{
    int wrote = snprintf(ret->url, sizeof(ret->url), "%s.json", account->messages);
    return wrote < (int)sizeof(ret->url) && twilio_form(message, ret->form);
}

bool twilio_form(const struct twilio_message *message, char out[static TWILIO_FORM])
{
    char seconds[24];
    snprintf(seconds, sizeof(seconds), "%ld",
             message->seconds_left > VALIDITY_LEAST ? message->seconds_left : VALIDITY_LEAST);
    bool service = message->messaging_service[0] != '\0';
    size_t used = 0;
    return add_field(out, &used, "To", message->to) &&
           add_field(out, &used, service ? "MessagingServiceSid" : "From",
                     service ? message->messaging_service : message->from) &&
           add_field(out, &used, "Body", message->body) &&
           add_field(out, &used, "StatusCallback", message->status_callback) &&
           add_field(out, &used, "ValidityPeriod", seconds) && add_field(out, &used, "ProvideFeedback", "true") &&
           add_field(out, &used, "ContentRetention", "discard") &&
           add_field(out, &used, "AddressRetention", "obfuscate");
}

static bool add_field(char *out, size_t *used, const char *name, const char *value)
{
    int wrote = snprintf(out + *used, TWILIO_FORM - *used, "%s%s=", *used ? "&" : "", name);
    *used += (size_t)wrote;
    if (*used >= TWILIO_FORM)
        return false;
    *used += text_percent(value, out + *used, TWILIO_FORM - *used);
    return *used < TWILIO_FORM;
}

struct twilio_outcome twilio_posted(const struct fetch_answer *answer)
{
    const struct twilio_outcome ambiguous = {.verdict = TWILIO_AMBIGUOUS};
    if (answer->end == FETCH_NOT_SENT)
        return (struct twilio_outcome){.verdict = TWILIO_RETRY};
    if (answer->end != FETCH_ANSWERED || answer->status >= 500)
        return ambiguous;
    if (answer->status >= 400)
        return twilio_refused(answer);

    struct twilio_seen seen;
    if (answer->status != 201 || !twilio_read_message(answer, &seen))
        return ambiguous;
    struct twilio_outcome outcome = {.verdict = TWILIO_ACCEPTED};
    if (twilio_lost(seen.status)) {
        outcome = by_code(seen.error);
        if (outcome.verdict != TWILIO_CONFIG)
            outcome.verdict = TWILIO_FAILED; /* it is a message already: another post would be another one */
        outcome.sender_failed = false;
    }
    memcpy(outcome.sid, seen.sid, sizeof(outcome.sid));
    return outcome;
}

/* 4xx. Without an error code of Twilio's it may have come from anything on the way. */
struct twilio_outcome twilio_refused(const struct fetch_answer *answer)
{
    json_t *root = twilio_json(answer);
    json_t *code = json_object_get(root, "code");
    struct twilio_outcome outcome = {.verdict = TWILIO_AMBIGUOUS};
    if (answer->status == 429) {
        /* "never processed" (Twilio's docs on 20429), whatever the body says. */
        outcome = by_code((long)json_integer_value(code));
        bool number_only = outcome.error == 60202 || outcome.error == 60203; /* Verify: this number had too many */
        if (outcome.verdict != TWILIO_RETRY_LATER && !number_only)
            outcome.verdict = TWILIO_RETRY;
        outcome.slow_down = !number_only;
    } else if (answer->status == 401) {
        outcome = by_code(20003);
    } else if (json_is_integer(code) && json_integer_value(code) > 0 && json_integer_value(code) < 1000000) {
        outcome = by_code((long)json_integer_value(code));
    }
    json_decref(root);
    return outcome;
}

static struct twilio_outcome by_code(long error)
{
    struct twilio_outcome outcome = {.verdict = TWILIO_FAILED, .error = error};
    for (size_t i = 0; i < LEN(CODES); i++) {
        if (CODES[i].error == error) {
            outcome.verdict = CODES[i].verdict;
            outcome.sender_failed = CODES[i].sender_failed;
        }
    }
    return outcome;
}

const char *twilio_status(const char *word)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        {"accepted", "accepted"},
        {"scheduled", "accepted"},
        {"queued", "accepted"},
        {"sending", "accepted"},
        {"sent", "sent"},
        {"delivered", "delivered"},
        {"read", "delivered"},
        {"undelivered", "undelivered"},
        {"failed", "failed"},
        {"canceled", "failed"},
        {"partially_delivered", "sent"},
    };
    for (size_t i = 0; word && i < LEN(words); i++) {
        if (strcmp(words[i].theirs, word) == 0)
            return words[i].ours;
    }
    return NULL;
}

bool twilio_lost(const char *status)
{
    return strcmp(status, "undelivered") == 0 || strcmp(status, "failed") == 0;
}

bool twilio_is_sid(const char *text)
{
    return text && strlen(text) == TWILIO_SID - 1 && (text[0] == 'S' || text[0] == 'M') && text[1] == 'M' &&
           strspn(text + 2, "0123456789abcdef") == TWILIO_SID - 3;
}

bool twilio_read_message(const struct fetch_answer *answer, struct twilio_seen *ret)
{
    if (answer->end != FETCH_ANSWERED || answer->status < 200 || answer->status > 201)
        return false;
    json_t *root = twilio_json(answer);
    bool good = read_seen(root, ret);
    json_decref(root);
    return good;
}

static bool read_seen(json_t *from, struct twilio_seen *ret)
{
    const char *sid = json_string_value(json_object_get(from, "sid"));
    const char *status = twilio_status(json_string_value(json_object_get(from, "status")));
    json_t *error = json_object_get(from, "error_code");
    if (!twilio_is_sid(sid) || !status)
        return false;
    memcpy(ret->sid, sid, TWILIO_SID);
    ret->status = status;
    ret->error = (long)json_integer_value(error);
    read_price(from, ret);
    return true;
}

/* "-0.00750" and "USD": what we are charged is negative there. Null until it is known. */
static void read_price(json_t *from, struct twilio_seen *ret)
{
    const char *price = json_string_value(json_object_get(from, "price"));
    const char *segments = json_string_value(json_object_get(from, "num_segments"));
    int64_t micros = 0;
    ret->has_price = price && money_read(price, &micros) &&
                     money_read_currency(json_string_value(json_object_get(from, "price_unit")), ret->currency);
    ret->price_micros = micros < 0 ? -micros : micros;
    ret->segments = segments ? strtol(segments, NULL, 10) : 0;
}

static void look(const struct account *account, const char *sid, char url[static PROVIDER_URL])
{
    snprintf(url, PROVIDER_URL, "%s/%s.json", account->messages, sid);
}

/* All messages to the number from the day of the post, in UTC, on: a post at midnight is of either. */
static void list(const struct account *account, const struct twilio_wanted *wanted, char url[static PROVIDER_URL])
{
    time_t day = (time_t)(wanted->sent_ms / 1000) - 60;
    struct tm parts;
    char date[16], number[64];
    gmtime_r(&day, &parts);
    strftime(date, sizeof(date), "%Y-%m-%d", &parts);
    text_percent(wanted->to, number, sizeof(number));
    snprintf(url, PROVIDER_URL, "%s.json?To=%s&DateSent%%3E=%s&PageSize=50", account->messages, number, date);
}

static bool feedback(const struct account *account, const char *sid, const char *to, struct provider_post *ret)
{
    (void)to;
    snprintf(ret->url, sizeof(ret->url), "%s/%s/Feedback.json", account->messages, sid);
    snprintf(ret->form, sizeof(ret->form), "Outcome=confirmed");
    return true;
}

int twilio_find(const struct fetch_answer *answer, const struct twilio_wanted *wanted,
                struct twilio_seen ret[static TWILIO_CANDIDATES])
{
    json_t *root = twilio_json(answer);
    json_t *messages = json_object_get(root, "messages");
    if (answer->end != FETCH_ANSWERED || answer->status != 200 || !json_is_array(messages)) {
        json_decref(root);
        return -1;
    }

    int found = 0;
    /* Those whose body is ours first, then those whose body Twilio was asked not to keep. */
    for (int kept = 1; kept >= 0; kept--) {
        size_t i;
        json_t *message;
        json_array_foreach(messages, i, message)
        {
            const char *body = json_string_value(json_object_get(message, "body"));
            bool ours = body && wanted->mark && strstr(body, wanted->mark) != NULL;
            bool right = kept ? ours : !body || !*body || strstr(body, "Message body redacted") != NULL;
            if (right && found < TWILIO_CANDIDATES && wanted_one(message, wanted) && read_seen(message, &ret[found]))
                found++;
        }
    }
    json_decref(root);
    return found;
}

static bool wanted_one(json_t *message, const struct twilio_wanted *wanted)
{
    const char *direction = json_string_value(json_object_get(message, "direction"));
    const char *to = json_string_value(json_object_get(message, "to"));
    const char *created = json_string_value(json_object_get(message, "date_created"));
    /* The number itself was the list's filter; with AddressRetention it may come back masked. */
    bool other_number = to && strspn(to, "+0123456789") == strlen(to) && strcmp(to, wanted->to) != 0;
    if (!direction || strncmp(direction, "outbound", 8) != 0 || other_number || !created)
        return false;
    long long apart = date_ms(created) - wanted->sent_ms;
    return apart >= -LIST_WINDOW_MS && apart <= LIST_WINDOW_MS;
}

/* "Thu, 24 Aug 2023 05:01:45 +0000" to ms since 1970, or 0. */
static long long date_ms(const char *rfc2822)
{
    struct tm parts = {0};
    const char *rest = strptime(rfc2822, "%a, %d %b %Y %H:%M:%S", &parts);
    if (!rest || strcmp(rest, " +0000") != 0)
        return 0;
    return (long long)timegm(&parts) * 1000;
}

json_t *twilio_json(const struct fetch_answer *answer)
{
    json_t *root = answer->body ? json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

void twilio_sign(const char *token, const char *url, const char *const *pairs, size_t count,
                 char out[static TWILIO_SIGNATURE])
{
    size_t len = strlen(url);
    for (size_t i = 0; i < 2 * count; i++)
        len += strlen(pairs[i]);
    char *text = malloc(len + 1);
    if (!text)
        die("out of memory");
    char *end = stpcpy(text, url);
    for (size_t i = 0; i < 2 * count; i++)
        end = stpcpy(end, pairs[i]);

    uint8_t mac[20];
    crypt_hmac_sha1(token, strlen(token), text, len, mac);
    text_base64(mac, sizeof(mac), out);
    free(text);
}
