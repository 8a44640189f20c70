/* email: what may be an address of e-mail. Whether it takes mail only mail can tell. */
#ifndef TENANTS_EMAIL_H
#define TENANTS_EMAIL_H

#include "common.h"

/* One '@' with something on both sides, and no blank. The caller has refused control characters and unfit lengths. */
bool email_is(const char *text);

#endif
