/* provisioning: the handlers of what the platform's backend calls, and its operator's subcommands; routes.c says when.
 */
#ifndef TENANTS_PROVISIONING_H
#define TENANTS_PROVISIONING_H

#include "req.h"

step tenant_create, tenant_list, tenant_read, tenant_change, tenant_suspend, tenant_resume, tenant_delete,
    tenant_restore;
step purge_list;
step key_create, key_list, key_rotate, key_revoke;
step user_list, user_read, user_change, user_lock, user_unlock, user_reset, user_remove, user_sessions_end;
step user_devices_clear, bypass_request, bypass_approve, bypass_end;
step launch_key_create, launch_key_list, launch_key_rotate, launch_key_revoke;
step limits_read, limits_change, limits_rehearse, platform_limits_read, platform_limits_change;
step stop_set, stop_list;
step usage_read, usage_csv;
step ledger_list;
step webhook_create, webhook_list, webhook_read, webhook_change, webhook_delete, webhook_rotate, webhook_enable,
    webhook_test, webhook_replay, delivery_list;
step openapi_read, docs_read, docs_file;
step event_list, user_erase;
step export_create, export_read, export_file;

/* `tillgate platform-key create|list|revoke`. Returns the exit code, or -1 when argv names another subcommand. */
int platform_keys_command(int argc, char **argv);

/* `tillgate prices sync|list` and `tillgate ledger|audit verify|verify-file`, likewise. */
int prices_command(int argc, char **argv);
int chain_command(int argc, char **argv);

/* The timer that chains the audit trails. Once per worker. */
void chain_job_start(void);

/* The timer that makes exports. Once per worker. */
void export_job_start(void);

/* Loads the API's description and the page that is made from it; dies when they cannot be read. */
void openapi_start(void);

#endif
