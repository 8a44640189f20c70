/* scopes: operation to scope, in one table. */
#include "scopes.h"

const char *const SCOPES[] = {"tenants:read", "tenants:write",  "keys:write",    "users:read",
                              "users:write",  "limits:write",   "stops:write",   "usage:read",
                              "audit:read",   "webhooks:write", "exports:write", NULL};

/* By the beginning of the operation's name; the first that fits. */
static const char *const TABLE[][2] = {
    {"tenant_list", "tenants:read"},
    {"tenant_read", "tenants:read"},
    {"tenant_", "tenants:write"},
    {"purge_", "tenants:read"},
    {"key_list", "tenants:read"},
    {"key_", "keys:write"},
    {"launch_key_list", "tenants:read"},
    {"launch_key_", "keys:write"},
    {"launch_", "launches"}, /* a store's own */
    {"user_list", "users:read"},
    {"user_read", "users:read"},
    {"user_", "users:write"},
    {"bypass_", "users:write"},
    {"limits_read", "usage:read"},
    {"platform_limits_read", "usage:read"},
    {"limits_", "limits:write"},
    {"platform_limits_", "limits:write"},
    {"stop_list", "usage:read"},
    {"stop_", "stops:write"},
    {"usage_", "usage:read"},
    {"ledger_", "usage:read"},
    {"event_", "audit:read"},
    {"webhook_", "webhooks:write"},
    {"delivery_", "webhooks:write"},
    {"export_", "exports:write"},
};

const char *scopes_need(const char *operation)
{
    for (size_t i = 0; i < LEN(TABLE); i++) {
        if (strncmp(operation, TABLE[i][0], strlen(TABLE[i][0])) == 0)
            return TABLE[i][1];
    }
    return NULL;
}

bool scopes_is_of_store(const char *scope)
{
    return strcmp(scope, "launches") == 0;
}
