/* scopes: what a key may do. Each route of a key needs one scope. */
#ifndef TENANTS_SCOPES_H
#define TENANTS_SCOPES_H

#include "common.h"

#define SCOPES_MOST 16

/* Those of platform keys, NULL-terminated, in the order in which they are listed. */
extern const char *const SCOPES[];

/* The scope that the operation of that name needs; NULL: none is known, which no key has. */
const char *scopes_need(const char *operation);
/* One of a store's keys? */
bool scopes_is_of_store(const char *scope);

#endif
