/* routes: every endpoint. */
#ifndef TENANTS_ROUTES_H
#define TENANTS_ROUTES_H

#include "route.h"

extern const struct route ROUTES[];
extern const size_t ROUTE_COUNT;

#endif
