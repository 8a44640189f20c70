/* caller: who calls. Checks a credential's shape and the fences against cross-site requests, and prepares the arguments
 * of `enter`, by which SQL decides. No database here: everything below runs before the first await.
 *
 * A route's level says what it needs; the levels of the panel are SQL's words for a session (enter_session).
 */
#ifndef TENANTS_CALLER_H
#define TENANTS_CALLER_H

#include "db.h"
#include "hosts.h"

#include "crypt.h"

enum level {
    LEVEL_PUBLIC,    /* anybody */
    LEVEL_CALLBACK,  /* Twilio: the handler checks the signature */
    LEVEL_PLATFORM,  /* bearer key tgp_… */
    LEVEL_TENANT,    /* bearer key tgt_… */
    LEVEL_HOST,      /* a browser on a store's panel host, without a session */
    LEVEL_LAUNCHED,  /* any live session */
    LEVEL_SET_UP,    /* the first set-up, or a fresh session */
    LEVEL_SIGNED_IN, /* second step done */
    LEVEL_FRESH,     /* second step done within 15 minutes */
    LEVEL_FORWARD,   /* an edge, with a browser's cookies: the handler answers every refusal */
};

/* Their names, as `enter_session` and the API description have them. */
extern const char *const LEVELS[];

struct caller {
    struct db_enter enter;        /* without a function on LEVEL_FORWARD: there is no session cookie */
    uint8_t tenant[16];           /* zero when not known: platform calls without a tenant, hosts */
    uint8_t user[16];             /* sessions only */
    char slug[HOSTS_SLUG];        /* on panel hosts */
    char address[64];             /* the client's, as limits count it */
    bool test;                    /* a tgp_test_ or tgt_test_ key */
    uint8_t hash[CRYPT_MAC];      /* of the key or session token */
    uint8_t idem_hash[CRYPT_MAC]; /* of method, path and body */
};

/* The admit hook of struct app. */
bool caller_admit(struct req *rq);
/* The headers hook: security.md (f) on every answer. */
void caller_headers(struct req *rq, int host_class);
/* The body_limit hook, in bytes. */
size_t caller_body_limit(int host_class);

struct caller *caller_of(struct req *rq);

/* Arguments of `enter` for the server itself, on behalf of one tenant (16 bytes), or of none (NULL). In the arena. */
const struct db_enter *caller_system(struct req *rq, const uint8_t *tenant);

/* The id in the path's placeholder `index`. What is no TypeID of that prefix becomes the zero id, which nothing has. */
void caller_param(struct req *rq, size_t index, const char *prefix, uint8_t ret[static 16]);

#endif
