/* vouched: what a store may say of a launch, the same by ticket and by token. */
#ifndef TENANTS_VOUCHED_H
#define TENANTS_VOUCHED_H

#include "common.h"

/* Bounds of the texts, in characters. */
#define VOUCHED_EXTERNAL_ID 128
#define VOUCHED_EMAIL_LEAST 3
#define VOUCHED_EMAIL 254
#define VOUCHED_NAME 80
#define VOUCHED_RETURN_URL 2000

/* What the panel can be opened at; the first one when the store does not say. */
static const char *const DESTINATIONS[] = {
    "/", "/profile", "/profile/phone", "/profile/authenticator", "/profile/backup-codes", NULL};
static const char *const ROLES[] = {"owner", "admin", "viewer", NULL};

#endif
