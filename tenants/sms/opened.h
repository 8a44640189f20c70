/* opened: what a send says and where it goes, unsealed from the body of send_claim or send_look. Wipe it after use. */
#ifndef TENANTS_OPENED_H
#define TENANTS_OPENED_H

#include "req.h"

#include "factors/code.h"
#include "factors/phone_number.h"

struct opened {
    bool has_number, has_code; /* phones are removed, codes are forgotten */
    char number[PHONE_TEXT];
    char code[CODE_TEXT];
    const char *purpose, *locale, *store, *slug; /* in the row's body: good until the next await */
    char host[300];                              /* of the store's panel, without port */
};

/* Reads the row under way. False when its body is not what we expect, or a value does not open. */
bool opened_read(struct req *rq, const uint8_t *tenant, struct opened *ret) MUST_USE;

#endif
