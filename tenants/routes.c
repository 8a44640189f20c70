/* routes: the table of contents. One line per endpoint; its last word is also the SQL function, the operationId and the
 * test. */
#include "routes.h"

#include "caller.h"
#include "launch/launch.h"
#include "panel/panel.h"
#include "provisioning/provisioning.h"
#include "sms/callbacks.h"

/* clang-format off */
const struct route ROUTES[] = {
    /* the platform's backend */
    {"POST",   "/v1/tenants",                         HOST_API, LEVEL_PLATFORM,   BODY_JSON,          tenant_create, "tenant_create"},
    {"GET",    "/v1/tenants",                         HOST_API, LEVEL_PLATFORM,   BODY_NONE,          tenant_list, "tenant_list"},
    {"GET",    "/v1/tenants/{tenant}",                HOST_API, LEVEL_PLATFORM,   BODY_NONE,          tenant_read, "tenant_read"},
    {"PATCH",  "/v1/tenants/{tenant}",                HOST_API, LEVEL_PLATFORM,   BODY_JSON,          tenant_change, "tenant_change"},
    {"POST",   "/v1/tenants/{tenant}/suspend",        HOST_API, LEVEL_PLATFORM,   BODY_JSON,          tenant_suspend, "tenant_suspend"},
    {"POST",   "/v1/tenants/{tenant}/resume",         HOST_API, LEVEL_PLATFORM,   BODY_JSON,          tenant_resume, "tenant_resume"},
    {"DELETE", "/v1/tenants/{tenant}",                HOST_API, LEVEL_PLATFORM,   BODY_NONE,          tenant_delete, "tenant_delete"},
    {"POST",   "/v1/tenants/{tenant}/restore",        HOST_API, LEVEL_PLATFORM,   BODY_JSON_OPTIONAL, tenant_restore, "tenant_restore"},
    {"GET",    "/v1/purges",                          HOST_API, LEVEL_PLATFORM,   BODY_NONE,          purge_list, "purge_list"},
    {"POST",   "/v1/tenants/{tenant}/keys",           HOST_API, LEVEL_PLATFORM,   BODY_JSON,          key_create, "key_create"},
    {"GET",    "/v1/tenants/{tenant}/keys",           HOST_API, LEVEL_PLATFORM,   BODY_NONE,          key_list, "key_list"},
    {"POST",   "/v1/tenants/{tenant}/keys/{key}/rotate", HOST_API, LEVEL_PLATFORM, BODY_JSON_OPTIONAL, key_rotate, "key_rotate"},
    {"DELETE", "/v1/tenants/{tenant}/keys/{key}",     HOST_API, LEVEL_PLATFORM,   BODY_NONE,          key_revoke, "key_revoke"},
    {"POST",   "/v1/tenants/{tenant}/launch-keys",    HOST_API, LEVEL_PLATFORM,   BODY_JSON,          launch_key_create, "launch_key_create"},
    {"GET",    "/v1/tenants/{tenant}/launch-keys",    HOST_API, LEVEL_PLATFORM,   BODY_NONE,          launch_key_list, "launch_key_list"},
    {"POST",   "/v1/tenants/{tenant}/launch-keys/{launch_key}/rotate", HOST_API, LEVEL_PLATFORM, BODY_JSON, launch_key_rotate, "launch_key_rotate"},
    {"DELETE", "/v1/tenants/{tenant}/launch-keys/{launch_key}", HOST_API, LEVEL_PLATFORM, BODY_NONE, launch_key_revoke, "launch_key_revoke"},
    {"GET",    "/v1/tenants/{tenant}/limits",         HOST_API, LEVEL_PLATFORM,   BODY_NONE,          limits_read, "limits_read"},
    {"PATCH",  "/v1/tenants/{tenant}/limits",         HOST_API, LEVEL_PLATFORM,   BODY_JSON,          limits_change, "limits_change"},
    {"POST",   "/v1/tenants/{tenant}/limits/rehearse", HOST_API, LEVEL_PLATFORM,  BODY_JSON,          limits_rehearse, "limits_rehearse"},
    {"GET",    "/v1/tenants/{tenant}/usage",          HOST_API, LEVEL_PLATFORM,   BODY_NONE,          usage_read, "usage_read"},
    {"GET",    "/v1/tenants/{tenant}/usage.csv",      HOST_API, LEVEL_PLATFORM,   BODY_NONE,          usage_csv, "usage_csv"},
    {"GET",    "/v1/tenants/{tenant}/ledger",         HOST_API, LEVEL_PLATFORM,   BODY_NONE,          ledger_list, "ledger_list"},
    {"GET",    "/v1/tenants/{tenant}/users",          HOST_API, LEVEL_PLATFORM,   BODY_NONE,          user_list, "user_list"},
    {"GET",    "/v1/tenants/{tenant}/users/{user}",   HOST_API, LEVEL_PLATFORM,   BODY_NONE,          user_read, "user_read"},
    {"PATCH",  "/v1/tenants/{tenant}/users/{user}",   HOST_API, LEVEL_PLATFORM,   BODY_JSON,          user_change, "user_change"},
    {"DELETE", "/v1/tenants/{tenant}/users/{user}",   HOST_API, LEVEL_PLATFORM,   BODY_NONE,          user_remove, "user_remove"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/lock", HOST_API, LEVEL_PLATFORM,   BODY_JSON,          user_lock, "user_lock"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/unlock", HOST_API, LEVEL_PLATFORM,   BODY_JSON,          user_unlock, "user_unlock"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/reset", HOST_API, LEVEL_PLATFORM,   BODY_JSON,          user_reset, "user_reset"},
    {"DELETE", "/v1/tenants/{tenant}/users/{user}/sessions", HOST_API, LEVEL_PLATFORM,   BODY_NONE,          user_sessions_end, "user_sessions_end"},
    {"DELETE", "/v1/tenants/{tenant}/users/{user}/devices", HOST_API, LEVEL_PLATFORM,   BODY_NONE,          user_devices_clear, "user_devices_clear"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/bypass", HOST_API, LEVEL_PLATFORM,   BODY_JSON,          bypass_request, "bypass_request"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/bypass/approve", HOST_API, LEVEL_PLATFORM,   BODY_JSON,          bypass_approve, "bypass_approve"},
    {"DELETE", "/v1/tenants/{tenant}/users/{user}/bypass", HOST_API, LEVEL_PLATFORM,   BODY_NONE,          bypass_end, "bypass_end"},
    {"POST",   "/v1/tenants/{tenant}/users/{user}/erase", HOST_API, LEVEL_PLATFORM, BODY_JSON,          user_erase, "user_erase"},
    {"POST",   "/v1/tenants/{tenant}/exports",        HOST_API, LEVEL_PLATFORM,   BODY_JSON,          export_create, "export_create"},
    {"GET",    "/v1/tenants/{tenant}/exports/{export}", HOST_API, LEVEL_PLATFORM, BODY_NONE,          export_read, "export_read"},
    {"GET",    "/v1/tenants/{tenant}/exports/{export}/file", HOST_API, LEVEL_PUBLIC, BODY_NONE,       export_file, "export_file"},
    {"GET",    "/v1/tenants/{tenant}/events",         HOST_API, LEVEL_PLATFORM,   BODY_NONE,          event_list, "event_list"},
    {"GET",    "/v1/limits",                          HOST_API, LEVEL_PLATFORM,   BODY_NONE,          platform_limits_read, "platform_limits_read"},
    {"PATCH",  "/v1/limits",                          HOST_API, LEVEL_PLATFORM,   BODY_JSON,          platform_limits_change, "platform_limits_change"},
    {"PUT",    "/v1/stops",                           HOST_API, LEVEL_PLATFORM,   BODY_JSON,          stop_set, "stop_set"},
    {"GET",    "/v1/stops",                           HOST_API, LEVEL_PLATFORM,   BODY_NONE,          stop_list, "stop_list"},
    {"POST",   "/v1/webhooks",                        HOST_API, LEVEL_PLATFORM,   BODY_JSON,          webhook_create, "webhook_create"},
    {"GET",    "/v1/webhooks",                        HOST_API, LEVEL_PLATFORM,   BODY_NONE,          webhook_list, "webhook_list"},
    {"GET",    "/v1/webhooks/{webhook}",              HOST_API, LEVEL_PLATFORM,   BODY_NONE,          webhook_read, "webhook_read"},
    {"PATCH",  "/v1/webhooks/{webhook}",              HOST_API, LEVEL_PLATFORM,   BODY_JSON,          webhook_change, "webhook_change"},
    {"DELETE", "/v1/webhooks/{webhook}",              HOST_API, LEVEL_PLATFORM,   BODY_NONE,          webhook_delete, "webhook_delete"},
    {"POST",   "/v1/webhooks/{webhook}/rotate",       HOST_API, LEVEL_PLATFORM,   BODY_JSON_OPTIONAL, webhook_rotate, "webhook_rotate"},
    {"POST",   "/v1/webhooks/{webhook}/enable",       HOST_API, LEVEL_PLATFORM,   BODY_NONE,          webhook_enable, "webhook_enable"},
    {"POST",   "/v1/webhooks/{webhook}/test",         HOST_API, LEVEL_PLATFORM,   BODY_NONE,          webhook_test, "webhook_test"},
    {"POST",   "/v1/webhooks/{webhook}/replay",       HOST_API, LEVEL_PLATFORM,   BODY_JSON,          webhook_replay, "webhook_replay"},
    {"GET",    "/v1/webhooks/{webhook}/deliveries",   HOST_API, LEVEL_PLATFORM,   BODY_NONE,          delivery_list, "delivery_list"},

    /* a store's backend */
    {"POST",   "/v1/launches",                        HOST_API, LEVEL_TENANT,     BODY_JSON,          launch_create, "launch_create"},
    {"DELETE", "/v1/launches/{launch}",               HOST_API, LEVEL_TENANT,     BODY_NONE,          launch_revoke, "launch_revoke"},

    /* anybody */
    {"GET",    "/v1/openapi.yaml",                    HOST_API, LEVEL_PUBLIC,     BODY_NONE,          openapi_read, "openapi_read"},
    {"GET",    "/v1/docs",                            HOST_API, LEVEL_PUBLIC,     BODY_NONE,          docs_read, "docs_read"},
    {"GET",    "/v1/docs/{file}",                     HOST_API, LEVEL_PUBLIC,     BODY_NONE,          docs_file, "docs_file"},

    /* an application behind the panel, and its edge; on the host of the API for an edge that asks by an address of its own */
    {"GET",    "/auth/forward",                       HOST_PANEL, LEVEL_FORWARD,    BODY_NONE,          identity_read, "identity_read"},
    {"GET",    "/auth/forward",                       HOST_API, LEVEL_FORWARD,    BODY_NONE,          identity_read, "identity_read"},
    {"GET",    "/.well-known/jwks.json",              HOST_PANEL, LEVEL_PUBLIC,     BODY_NONE,          jwks_read, "jwks_read"},
    {"GET",    "/.well-known/jwks.json",              HOST_API, LEVEL_PUBLIC,     BODY_NONE,          jwks_read, "jwks_read"},

    /* the store admin's browser: way in, session */
    {"POST",   "/launch",                             HOST_PANEL, LEVEL_HOST,       BODY_FORM,          launch_redeem, "launch_redeem"},
    {"GET",    "/api/session",                        HOST_PANEL, LEVEL_LAUNCHED,   BODY_NONE,          session_read, "session_read"},
    {"DELETE", "/api/session",                        HOST_PANEL, LEVEL_LAUNCHED,   BODY_NONE,          session_end, "session_end"},
    {"GET",    "/api/time",                           HOST_PANEL, LEVEL_PUBLIC,     BODY_NONE,          time_read, "time_read"},

    /* the second step */
    {"POST",   "/api/second-step/send-code",          HOST_PANEL, LEVEL_LAUNCHED,   BODY_JSON_OPTIONAL, second_step_send_code, "second_step_send_code"},
    {"POST",   "/api/second-step/verify",             HOST_PANEL, LEVEL_LAUNCHED,   BODY_JSON,          second_step_verify, "second_step_verify"},
    {"POST",   "/api/second-step/device",             HOST_PANEL, LEVEL_LAUNCHED,   BODY_JSON_OPTIONAL, second_step_device, "second_step_device"},
    {"POST",   "/api/second-step/bypass",             HOST_PANEL, LEVEL_LAUNCHED,   BODY_JSON_OPTIONAL, second_step_bypass, "second_step_bypass"},
    {"GET",    "/api/challenges/{challenge}",         HOST_PANEL, LEVEL_LAUNCHED,   BODY_NONE,          challenge_read, "challenge_read"},

    /* methods */
    {"PUT",    "/api/phone",                          HOST_PANEL, LEVEL_SET_UP,     BODY_JSON,          phone_save, "phone_save"},
    {"POST",   "/api/phone/send-code",                HOST_PANEL, LEVEL_SET_UP,     BODY_JSON_OPTIONAL, phone_send_code, "phone_send_code"},
    {"POST",   "/api/phone/verify",                   HOST_PANEL, LEVEL_SET_UP,     BODY_JSON,          phone_verify, "phone_verify"},
    {"POST",   "/api/phone/change/send-code",         HOST_PANEL, LEVEL_SIGNED_IN,  BODY_JSON_OPTIONAL, phone_change_send_code, "phone_change_send_code"},
    {"POST",   "/api/phone/change",                   HOST_PANEL, LEVEL_FRESH,      BODY_JSON,          phone_change, "phone_change"},
    {"DELETE", "/api/phone",                          HOST_PANEL, LEVEL_FRESH,      BODY_NONE,          phone_remove, "phone_remove"},
    {"POST",   "/api/authenticator",                  HOST_PANEL, LEVEL_SET_UP,     BODY_JSON_OPTIONAL, authenticator_start, "authenticator_start"},
    {"POST",   "/api/authenticator/check",            HOST_PANEL, LEVEL_SET_UP,     BODY_JSON,          authenticator_check, "authenticator_check"},
    {"DELETE", "/api/authenticator",                  HOST_PANEL, LEVEL_FRESH,      BODY_NONE,          authenticator_remove, "authenticator_remove"},
    {"POST",   "/api/backup-codes",                   HOST_PANEL, LEVEL_FRESH,      BODY_JSON_OPTIONAL, backup_codes_create, "backup_codes_create"},

    /* profile */
    {"GET",    "/api/profile",                        HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          profile_read, "profile_read"},
    {"PATCH",  "/api/profile",                        HOST_PANEL, LEVEL_SIGNED_IN,  BODY_JSON,          profile_change, "profile_change"},
    {"GET",    "/api/devices",                        HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          device_list, "device_list"},
    {"DELETE", "/api/devices",                        HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          device_clear, "device_clear"},
    {"DELETE", "/api/devices/{device}",               HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          device_remove, "device_remove"},
    {"GET",    "/api/sessions",                       HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          session_list, "session_list"},
    {"DELETE", "/api/sessions",                       HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          session_end_others, "session_end_others"},
    {"DELETE", "/api/sessions/{session}",             HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          session_remove, "session_remove"},
    {"GET",    "/api/texts",                          HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          texts_read, "texts_read"},

    /* the owner's users */
    {"GET",    "/api/users",                          HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          team_list, "team_list"},
    {"GET",    "/api/users/{user}",                   HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          team_read, "team_read"},
    {"POST",   "/api/users/{user}/lock",              HOST_PANEL, LEVEL_FRESH,      BODY_JSON,          team_lock, "team_lock"},
    {"POST",   "/api/users/{user}/unlock",            HOST_PANEL, LEVEL_FRESH,      BODY_JSON,          team_unlock, "team_unlock"},
    {"POST",   "/api/users/{user}/reset",             HOST_PANEL, LEVEL_FRESH,      BODY_JSON,          team_reset, "team_reset"},
    {"DELETE", "/api/users/{user}/sessions",          HOST_PANEL, LEVEL_FRESH,      BODY_NONE,          team_sessions_end, "team_sessions_end"},
    {"GET",    "/api/activity",                       HOST_PANEL, LEVEL_SIGNED_IN,  BODY_NONE,          activity_list, "activity_list"},
    {"GET",    "/api/activity.ndjson",                HOST_PANEL, LEVEL_FRESH,      BODY_NONE,          activity_export, "activity_export"},

    /* Twilio */
    {"POST",   "/hooks/twilio/{tenant}/{send}/{mac}", HOST_HOOKS, LEVEL_CALLBACK,   BODY_FORM,          send_callback, "send_callback"},
    {"POST",   "/hooks/twilio/inbound",               HOST_HOOKS, LEVEL_CALLBACK,   BODY_FORM,          number_opted_in, "number_opted_in"},
};
/* clang-format on */
const size_t ROUTE_COUNT = LEN(ROUTES);
