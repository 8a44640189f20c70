/* app: what a product hands to the runtime. server/ never includes a header of tenants/. */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "config.h"
#include "problem.h"
#include "route.h"

struct app {
    const char *name; /* "tillgate" */
    const char *version;
    const struct route *routes;
    size_t route_count;
    const char *const *level_names; /* by caller level: what `routes` prints */
    const struct problem *problems;
    size_t problem_count;
    const struct config_key *config_keys; /* the product's own keys, see config.h */
    size_t config_key_count;

    /* Which host class is this host name (lower case, no port)? -1: unknown, answered 421 host_unknown. */
    int (*host_class)(const char *host);
    /* Host class whose unknown GET paths get the built panel (static files, index.html for html paths). */
    int static_host_class;
    /* May this request pass to its handler? Checks credentials' shape, CSRF fences; prepares req->caller, which also
     * holds the arguments of `enter`. Returns false after having replied. Never awaits. */
    bool (*admit)(struct req *rq);
    /* Largest body in bytes for this host class. */
    size_t (*body_limit)(int host_class);
    /* Adds the security headers that every answer of this request carries (req_set_header). host_class is -1 for an
     * unknown host and for a request that made no sense: rq may then be nearly empty. */
    void (*headers)(struct req *rq, int host_class);

    bool (*check_config)(void); /* values that only the product understands; logs what is wrong */
    void (*start)(void);        /* once per worker, before the first request: load keys, metadata, timers */
    void (*stop)(void);         /* once per worker, after the last request */
    /* Subcommands beyond serve, check-config, routes, version. Returns an exit code, or -1 for "not mine". */
    int (*command)(int argc, char **argv);
};

/* Parses the command line and runs. Returns the exit code of the process. */
int server_main(int argc, char **argv, const struct app *app);

/* True once this worker was told to stop: finish what is under way, begin no new job. */
bool server_draining(void);

/* The product's word that this worker should get no requests, "clock_off": /readyz answers 503 with it as the reason. NULL takes
 * it back. */
void server_unfit(const char *why);
const char *server_why_unfit(void); /* NULL: nothing */

#endif
