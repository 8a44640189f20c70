/* provider: one way of texting a code: what is posted, and what the answers mean. One table of pure functions for each,
 * one file for each: twilio.c (Programmable Messaging), verify.c (Verify with our own codes). The configuration
 * chooses.
 */
#ifndef TENANTS_PROVIDER_H
#define TENANTS_PROVIDER_H

#include "sms/twilio.h"

#define PROVIDER_URL 1024

/* Where we are known at Twilio, from the configuration. */
struct account {
    const char *user, *secret; /* basic auth */
    const char *from;          /* E.164 or "" */
    char service[2]
                [TWILIO_SID]; /* messaging services: the first, and the one that may take over; "" when there is none */
    char messages[512];       /* URL of the account's messages, without ".json" */
    const char *verify_url;   /* origin */
    const char *verify_service; /* VA… */
};

/* A request to be made. */
struct provider_post {
    char url[PROVIDER_URL];
    char form[TWILIO_FORM];
};

struct provider {
    const char *name; /* as app.sends.provider has it */

    /* One text as a request. False when it does not fit. */
    bool (*post)(const struct account *account, const struct twilio_message *message, struct provider_post *ret);
    struct twilio_outcome (*posted)(const struct fetch_answer *answer);

    /* Is this an id that `posted` gives, and so safe in a URL? */
    bool (*is_sid)(const char *text);
    /* What became of it: the request's URL, and its answer. False when that is none. */
    void (*look)(const struct account *account, const char *sid, char url[static PROVIDER_URL]);
    bool (*looked)(const struct fetch_answer *answer, struct twilio_seen *ret);

    /* A post whose answer was lost, in a list of what went to that number; as twilio_find. */
    void (*list)(const struct account *account, const struct twilio_wanted *wanted, char url[static PROVIDER_URL]);
    int (*found)(const struct fetch_answer *answer, const struct twilio_wanted *wanted,
                 struct twilio_seen ret[static TWILIO_CANDIDATES]);

    /* The code was entered: tells the provider, which learns from it what is a real audience. */
    bool (*feedback)(const struct account *account, const char *sid, const char *to, struct provider_post *ret);
};

extern const struct provider PROVIDER_MESSAGING, PROVIDER_VERIFY;

/* By name; NULL when there is none of that name. */
const struct provider *provider_named(const char *name);

#endif
