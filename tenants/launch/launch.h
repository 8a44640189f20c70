/* launch: the handlers of one click on Settings > Advanced; routes.c says when. */
#ifndef TENANTS_LAUNCH_H
#define TENANTS_LAUNCH_H

#include "req.h"

#define LAUNCH_TICKET_BYTES 32
#define LAUNCH_TICKET 43 /* base64url of them */

/* Where a browser goes whose ticket or token is no good. */
#define LAUNCH_REFUSED "/?problem=launch_expired"

/* What the secret of an HS256 launch key is sealed as. */
#define LAUNCH_KEY_SECRET "launch_keys.secret"

step launch_create, launch_revoke, launch_redeem;

#endif
