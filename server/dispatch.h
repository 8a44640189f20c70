/* dispatch: from a request that has come in to the step that handles it: host, path, limits, caller, body.
 *
 * The order is fixed: malformed 400/431, unknown host 421, unknown path 404 or 405, too large 413, who calls (the
 * product's admit hook), wrong content type 415, malformed body 400; then the handler. */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "app.h"

void dispatch_start(const struct app *app); /* before the fork: metrics of every route */
void dispatch(struct req *rq);              /* the first step of a client's request */
void dispatch_overloaded(struct req *rq);   /* instead, when too many are under way */
void dispatch_too_large(struct req *rq);    /* instead, when h2o has cut the body off */
void dispatch_malformed(struct req *rq);    /* instead, when h2o or listen.c could not make sense of it */
void dispatch_ops(struct req *rq);          /* the first step on the ops port: /healthz /readyz /metrics */
size_t dispatch_body_most(void);            /* the largest body that any host class takes */

#endif
