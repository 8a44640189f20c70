/* verify: Twilio Verify (v2) as a provider, with codes of our own: Twilio words the text, counts its own limits by
 * number, and is told when a code was entered. It calls nobody back; its attempts are asked about, by id or in a list.
 *
 * The id of a text here is its attempt's (VL…): a verification (VE…) lives for ten minutes and takes further attempts.
 */
#include "sms/provider.h"

#include "text.h"

#include <time.h>

#define WINDOW_MS 60000

static bool post(const struct account *account, const struct twilio_message *message, struct provider_post *ret);
static struct twilio_outcome posted(const struct fetch_answer *answer);
static bool is_sid(const char *text);
static void look(const struct account *account, const char *sid, char url[static PROVIDER_URL]);
static bool looked(const struct fetch_answer *answer, struct twilio_seen *ret);
static bool read_attempt(json_t *attempt, struct twilio_seen *ret);
static void list(const struct account *account, const struct twilio_wanted *wanted, char url[static PROVIDER_URL]);
static int found(const struct fetch_answer *answer, const struct twilio_wanted *wanted,
                 struct twilio_seen ret[static TWILIO_CANDIDATES]);
static bool is_near(json_t *attempt, long long sent_ms);
static bool feedback(const struct account *account, const char *sid, const char *to, struct provider_post *ret);

const struct provider PROVIDER_VERIFY = {
    .name = "verify",
    .post = post,
    .posted = posted,
    .is_sid = is_sid,
    .look = look,
    .looked = looked,
    .list = list,
    .found = found,
    .feedback = feedback,
};

static bool post(const struct account *account, const struct twilio_message *message, struct provider_post *ret)
{
    char to[64], code[32], locale[16];
    text_percent(message->to, to, sizeof(to));
    text_percent(message->code, code, sizeof(code));
    text_percent(message->locale, locale, sizeof(locale));
    int url = snprintf(ret->url, sizeof(ret->url), "%s/v2/Services/%s/Verifications", account->verify_url,
                       account->verify_service);
    int form = snprintf(ret->form, sizeof(ret->form), "To=%s&Channel=sms&CustomCode=%s&Locale=%s", to, code, locale);
    return url < (int)sizeof(ret->url) && form < (int)sizeof(ret->form);
}

static struct twilio_outcome posted(const struct fetch_answer *answer)
{
    const struct twilio_outcome ambiguous = {.verdict = TWILIO_AMBIGUOUS};
    if (answer->end == FETCH_NOT_SENT)
        return (struct twilio_outcome){.verdict = TWILIO_RETRY};
    if (answer->end != FETCH_ANSWERED || answer->status >= 500)
        return ambiguous;
    if (answer->status >= 400)
        return twilio_refused(answer);

    json_t *root = twilio_json(answer);
    json_t *attempts = json_object_get(root, "send_code_attempts");
    json_t *last = json_array_get(attempts, json_array_size(attempts) ? json_array_size(attempts) - 1 : 0);
    const char *sid = json_string_value(json_object_get(last, "attempt_sid"));
    struct twilio_outcome outcome = ambiguous;
    if (answer->status == 201 && is_sid(sid)) {
        outcome.verdict = TWILIO_ACCEPTED;
        memcpy(outcome.sid, sid, sizeof(outcome.sid));
    }
    json_decref(root);
    return outcome;
}

/* "VL" and 32 lower-case hex digits. */
static bool is_sid(const char *text)
{
    return text && strlen(text) == TWILIO_SID - 1 && text[0] == 'V' && text[1] == 'L' &&
           strspn(text + 2, "0123456789abcdef") == TWILIO_SID - 3;
}

static void look(const struct account *account, const char *sid, char url[static PROVIDER_URL])
{
    snprintf(url, PROVIDER_URL, "%s/v2/Attempts/%s", account->verify_url, sid);
}

static bool looked(const struct fetch_answer *answer, struct twilio_seen *ret)
{
    if (answer->end != FETCH_ANSWERED || answer->status != 200)
        return false;
    json_t *root = twilio_json(answer);
    bool good = read_attempt(root, ret);
    json_decref(root);
    return good;
}

/* Its text's status and error stand in channel_data, once the network has said something. */
static bool read_attempt(json_t *attempt, struct twilio_seen *ret)
{
    json_t *data = json_object_get(attempt, "channel_data"), *price = json_object_get(attempt, "price");
    const char *sid = json_string_value(json_object_get(attempt, "sid"));
    const char *word = json_string_value(json_object_get(data, "message_status"));
    const char *error = json_string_value(json_object_get(data, "error_code"));
    const char *value = json_string_value(json_object_get(price, "value"));
    const char *status = word ? twilio_status(word) : "accepted";
    int64_t micros = 0;
    if (!is_sid(sid) || !status)
        return false;
    *ret = (struct twilio_seen){.status = status, .error = error ? strtol(error, NULL, 10) : 0};
    memcpy(ret->sid, sid, TWILIO_SID);
    ret->has_price = value && money_read(value, &micros) &&
                     money_read_currency(json_string_value(json_object_get(price, "currency")), ret->currency);
    ret->price_micros = micros < 0 ? -micros : micros;
    return true;
}

static void list(const struct account *account, const struct twilio_wanted *wanted, char url[static PROVIDER_URL])
{
    time_t from = (time_t)((wanted->sent_ms - WINDOW_MS) / 1000);
    struct tm parts;
    char date[32], number[64];
    gmtime_r(&from, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H%%3A%M%%3A%SZ", &parts);
    text_percent(wanted->to, number, sizeof(number));
    snprintf(url, PROVIDER_URL, "%s/v2/Attempts?VerifyServiceSid=%s&ChannelData.To=%s&DateCreatedAfter=%s&PageSize=50",
             account->verify_url, account->verify_service, number, date);
}

static int found(const struct fetch_answer *answer, const struct twilio_wanted *wanted,
                 struct twilio_seen ret[static TWILIO_CANDIDATES])
{
    json_t *root = twilio_json(answer);
    json_t *attempts = json_object_get(root, "attempts");
    size_t i;
    json_t *attempt;
    int count = answer->end == FETCH_ANSWERED && answer->status == 200 && json_is_array(attempts) ? 0 : -1;
    json_array_foreach(count < 0 ? NULL : attempts, i, attempt)
    {
        if (count < TWILIO_CANDIDATES && is_near(attempt, wanted->sent_ms) && read_attempt(attempt, &ret[count]))
            count++;
    }
    json_decref(root);
    return count;
}

/* "2020-08-11T18:36:59Z", within a minute of the post. */
static bool is_near(json_t *attempt, long long sent_ms)
{
    const char *channel = json_string_value(json_object_get(attempt, "channel"));
    const char *created = json_string_value(json_object_get(attempt, "date_created"));
    struct tm parts = {0};
    const char *rest = created ? strptime(created, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    if (!channel || strcmp(channel, "sms") != 0 || !rest || *rest)
        return false;
    long long apart = (long long)timegm(&parts) * 1000 - sent_ms;
    return apart >= -WINDOW_MS && apart <= WINDOW_MS;
}

/* The verification under way of a number has no second one beside it, so the number names it. */
static bool feedback(const struct account *account, const char *sid, const char *to, struct provider_post *ret)
{
    char number[64];
    (void)sid;
    text_percent(to, number, sizeof(number));
    int url = snprintf(ret->url, sizeof(ret->url), "%s/v2/Services/%s/Verifications/%s", account->verify_url,
                       account->verify_service, number);
    snprintf(ret->form, sizeof(ret->form), "Status=approved");
    return url < (int)sizeof(ret->url);
}
