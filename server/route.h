/* route: method and path template to handler. Static table, matched without allocation.
 *
 * Templates look like "/v1/tenants/{tenant}/keys/{key}"; a placeholder takes one non-empty segment. The table is the
 * product's (tenants/routes.c); which host serves which routes is told by `host`, which the product's host hook maps.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "req.h"

enum route_body { BODY_NONE, BODY_JSON, BODY_JSON_OPTIONAL, BODY_FORM };

struct route {
    const char *method;
    const char *path;
    int host;  /* the product's host class that serves it */
    int level; /* the product's caller level; handed to the admit hook */
    enum route_body body;
    step *handler;
    const char *name; /* "tenant_create": log, metrics, OpenAPI operationId */
};

/* Result of a look-up: a route, or why not. */
enum route_verdict { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_OTHER_METHOD };

/* Finds the route for method, host class and path; fills param[0..REQ_PARAMS) with pointers into `scratch` (at least
 * strlen(path)+1 bytes, overwritten) after percent-decoding. For ROUTE_OTHER_METHOD *ret_allow is a comma-separated
 * list in static memory or scratch, good until the next call. */
enum route_verdict route_find(const struct route *table, size_t count, const char *method, int host, const char *path,
                              char *scratch, const char *param[REQ_PARAMS], const struct route **ret_route,
                              const char **ret_allow);

#endif
