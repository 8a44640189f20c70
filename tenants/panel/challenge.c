/* challenge: the code is drawn here, and only its MAC and a sealed copy for the sender reach the database. */
#include "panel/challenge.h"

#include "caller.h"
#include "counts.h"
#include "factors/code.h"
#include "json.h"
#include "panel/panel.h"
#include "sms/sender.h"
#include "sms/texts.h"
#include "text.h"

struct start {
    uint8_t challenge[16];
    uint8_t send[16];
    uint8_t mac[CRYPT_MAC];
    uint8_t sealed[CODE_DIGITS + CRYPT_SEAL_EXTRA];
};

static step challenge_start_then;

void challenge_start(struct req *rq, const char *function, const char *purpose)
{
    struct caller *caller = caller_of(rq);
    struct start *start = rq->state = req_alloc(rq, sizeof(*start));
    char code[CODE_TEXT];
    if (!json_done(rq))
        return;

    text_uuid7(start->challenge);
    text_uuid7(start->send);
    code_draw(code);
    code_mac(crypt_version(), caller->tenant, start->challenge, caller->user, purpose, code, start->mac);
    size_t sealed = crypt_seal(caller->tenant, "challenges.code", start->challenge, code, CODE_DIGITS, start->sealed);
    crypt_wipe(code, sizeof(code));
    db_call(rq, DB_ALONE, &caller->enter, function,
            ARGS(db_uuid(start->challenge), db_uuid(start->send), db_bytes(start->mac, CRYPT_MAC),
                 db_bytes(start->sealed, sealed), db_int(crypt_version()), db_int(TEXTS_SEGMENTS)),
            challenge_start_then);
}

static void challenge_start_then(struct req *rq)
{
    struct start *start = rq->state;
    counts_refused(db_row(rq));
    if (db_row(rq)->status == 202)
        sender_poke(caller_of(rq)->tenant, start->send);
    reply_row(rq);
}

void challenge_read(struct req *rq)
{
    uint8_t *challenge = req_alloc(rq, 16);
    caller_param(rq, 0, "challenge", challenge);
    db_call(rq, DB_READ, &caller_of(rq)->enter, "challenge_read", ARGS(db_uuid(challenge)), reply_row);
}
