/* callbacks: two proofs before the database is asked: the address is one of ours, and the request is Twilio's. */
#include "sms/callbacks.h"

#include "caller.h"
#include "config.h"
#include "crypt.h"
#include "db.h"
#include "factors/phone_number.h"
#include "hosts.h"
#include "log.h"
#include "sms/twilio.h"
#include "text.h"

#define TOKENS 2
#define TOKEN_TEXT 128

struct opted_in {
    uint8_t index[2][CRYPT_MAC]; /* under the two highest key versions */
    bool old;                    /* is there a second one? */
};

static step number_opted_in_then;
static bool is_our_address(struct req *rq, uint8_t *tenant, uint8_t *send);
static bool is_twilios(struct req *rq);
static const char *field(struct req *rq, const char *name, const char *older_name);

static char tokens[TOKENS][TOKEN_TEXT];
static size_t token_count;

bool callbacks_start(void)
{
    char text[2 * TOKEN_TEXT + 8];
    size_t len;
    if (!config_secret(config_text("twilio_auth_token_file"), text, sizeof(text), &len))
        return false;
    token_count = 0;
    for (char *at = text; *at;) {
        size_t line = strcspn(at, "\r\n");
        bool more = at[line] != '\0';
        at[line] = '\0';
        if (line >= TOKEN_TEXT || (line && token_count == TOKENS)) {
            token_count = 0;
            break;
        }
        if (line)
            snprintf(tokens[token_count++], TOKEN_TEXT, "%.*s", TOKEN_TEXT - 1, at);
        at += line + more;
    }
    crypt_wipe(text, sizeof(text));
    if (!token_count)
        log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", "twilio_auth_token_file"),
                  L_TEXT("why", "one or two lines, a token each"));
    return token_count > 0;
}

void callbacks_url(const uint8_t *tenant, const uint8_t *send, char out[static CALLBACKS_URL])
{
    char tenant_id[TEXT_TYPEID], send_id[TEXT_TYPEID], mac[CALLBACKS_MAC];
    text_typeid("tenant", tenant, tenant_id);
    text_typeid("send", send, send_id);
    callbacks_mac(crypt_version(), tenant, send, mac);
    snprintf(out, CALLBACKS_URL, "%s/hooks/twilio/%s/%s/%s", hosts_hooks_origin(), tenant_id, send_id, mac);
}

void callbacks_mac(int version, const uint8_t *tenant, const uint8_t *send, char out[static CALLBACKS_MAC])
{
    uint8_t mac[CRYPT_MAC];
    crypt_mac(version, tenant, "callback-mac", send, 16, mac);
    text_hex(mac, 16, out);
}

void send_callback(struct req *rq)
{
    uint8_t *ids = req_alloc(rq, 32);
    if (!is_our_address(rq, ids, ids + 16) || !is_twilios(rq)) {
        req_fail(rq, "signature_refused");
        return;
    }
    const char *sid = field(rq, "MessageSid", "SmsSid");
    const char *status = field(rq, "MessageStatus", "SmsStatus");
    const char *error = req_form(rq, "ErrorCode");
    if (!twilio_is_sid(sid) || !twilio_status(status)) {
        /* Signed, so it is Twilio's; a word that we do not know moves nothing. */
        log_event(LOG_WARN, rq, "callback_unknown", L_TEXT("status", status));
        req_reply_empty(rq, 204);
        return;
    }
    bool is_code = error && strlen(error) <= 6 && strspn(error, "0123456789") == strlen(error) && *error &&
                   strcmp(error, "0") != 0;
    /* A bad end gives money and uses back, which other transactions wait for: it commits alone. */
    db_call(rq, twilio_lost(twilio_status(status)) ? DB_ALONE : DB_WRITE, caller_system(rq, ids), "send_callback",
            ARGS(db_uuid(ids + 16), db_text(sid), db_text(twilio_status(status)),
                 is_code ? db_int(strtol(error, NULL, 10)) : db_null_int(), db_text(NULL)),
            reply_row);
}

/* A text that came in. START (Twilio's word for all of its kind, in any language) ends the rest of a number that had
 * texted STOP; what else people write to us is nothing to us. */
void number_opted_in(struct req *rq)
{
    struct phone_number number;
    struct opted_in *opted_in = rq->state = req_alloc(rq, sizeof(*opted_in));
    if (!is_twilios(rq)) {
        req_fail(rq, "signature_refused");
        return;
    }
    const char *word = req_form(rq, "OptOutType"), *from = req_form(rq, "From");
    if (!word || strcmp(word, "START") != 0 || !from || !phone_read(from, &number)) {
        req_reply_empty(rq, 204);
        return;
    }
    const int versions[] = {crypt_version(), crypt_version_before()};
    for (size_t i = 0; i < LEN(versions) && versions[i]; i++)
        crypt_mac(versions[i], NULL, "phone-velocity", number.e164, strlen(number.e164), opted_in->index[i]);
    opted_in->old = crypt_version_before() != 0;
    crypt_wipe(&number, sizeof(number));
    db_call(rq, DB_WRITE, caller_system(rq, NULL), "number_opted_in", ARGS(db_bytes(opted_in->index[0], CRYPT_MAC)),
            number_opted_in_then);
}

/* Numbers that were saved under the key before. */
static void number_opted_in_then(struct req *rq)
{
    struct opted_in *opted_in = rq->state;
    if (opted_in->old)
        db_call(rq, DB_WRITE, caller_system(rq, NULL), "number_opted_in", ARGS(db_bytes(opted_in->index[1], CRYPT_MAC)),
                reply_row);
    else
        reply_row(rq);
}

static bool is_our_address(struct req *rq, uint8_t *tenant, uint8_t *send)
{
    const int versions[] = {crypt_version(), crypt_version_before()};
    bool equal = false;
    if (!text_untypeid("tenant", rq->param[0], tenant) || !text_untypeid("send", rq->param[1], send) ||
        strlen(rq->param[2]) != CALLBACKS_MAC - 1)
        return false;
    for (size_t i = 0; i < LEN(versions) && versions[i]; i++) {
        char expected[CALLBACKS_MAC];
        callbacks_mac(versions[i], tenant, send, expected);
        equal = crypt_equal(expected, rq->param[2], CALLBACKS_MAC - 1) || equal;
    }
    return equal;
}

/* The signature covers the address as we gave it out, built from the configuration, never from the request's Host. */
static bool is_twilios(struct req *rq)
{
    const char *signature = req_header(rq, "x-twilio-signature");
    const char **pairs;
    size_t count = req_form_sorted(rq, &pairs);
    const char *url = req_printf(rq, "%s%s%s%s", hosts_hooks_origin(), rq->path, *rq->query ? "?" : "", rq->query);
    bool equal = false;
    if (!signature || strlen(signature) != TWILIO_SIGNATURE - 1)
        return false;
    for (size_t i = 0; i < token_count; i++) {
        char expected[TWILIO_SIGNATURE];
        twilio_sign(tokens[i], url, (const char *const *)pairs, count, expected);
        equal = crypt_equal(expected, signature, TWILIO_SIGNATURE - 1) || equal;
    }
    return equal;
}

static const char *field(struct req *rq, const char *name, const char *older_name)
{
    const char *value = req_form(rq, name);
    return value ? value : req_form(rq, older_name);
}
