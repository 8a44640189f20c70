/* user_page: the query of the lists of users, the same for the platform and for a store's owner. */
#ifndef TENANTS_USER_PAGE_H
#define TENANTS_USER_PAGE_H

#include "req.h"

/* Reads limit, cursor, q and state, and calls the use case `function` with them; answers with its row. */
void user_page(struct req *rq, const char *function);

#endif
