/* hosts: which names this server answers to, and the addresses it builds; always from the configuration, never from a
 * request's Host header. */
#ifndef TENANTS_HOSTS_H
#define TENANTS_HOSTS_H

#include "common.h"

#define HOSTS_SLUG 41 /* a store's slug and NUL */

enum host {
    HOST_API,   /* the platform's and the stores' backends */
    HOST_HOOKS, /* Twilio's callbacks */
    HOST_PANEL, /* {slug}.panel: one per store */
};

/* Reads api_origin, hooks_origin and panel_origins; logs what is wrong. */
bool hosts_start(void) MUST_USE;

int hosts_class(const char *host);                                       /* enum host, or -1 */
bool hosts_slug(const char *host, char out[static HOSTS_SLUG]) MUST_USE; /* the slug in a panel's host name */
bool hosts_is_slug(const char *text) MUST_USE; /* 3..40 of a-z 0-9 -, and none of our own names */
bool hosts_is_panel_origin(const char *slug,
                           const char *origin) MUST_USE;    /* does this Origin header belong to the store's panel? */
const char *hosts_hooks_origin(void);                       /* "https://hooks.example" */
const char *hosts_launch_template(void);                    /* "https://{slug}.panel.example/launch" */
void hosts_panel(const char *slug, char *out, size_t room); /* "acme-toys.panel.example": no port */
/* "https://acme-toys.panel.example": the first of panel_origins, however the browser came. */
void hosts_panel_origin(const char *slug, char *out, size_t room);

#endif
