/* launch: the handlers of one click on Settings > Advanced; routes.c says when. */
#ifndef TENANTS_LAUNCH_H
#define TENANTS_LAUNCH_H

#include "req.h"

step launch_create, launch_revoke, launch_redeem;

#endif
