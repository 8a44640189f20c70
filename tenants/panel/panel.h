/* panel: the handlers of what the browser calls; routes.c says when. */
#ifndef TENANTS_PANEL_H
#define TENANTS_PANEL_H

#include "req.h"

step session_read, session_end, session_list, session_end_others, session_remove;
step second_step_send_code, second_step_verify, second_step_device, second_step_bypass;
step challenge_read;
step profile_read, profile_change;
step phone_save, phone_send_code, phone_verify, phone_change_send_code, phone_change, phone_remove;
step authenticator_start, authenticator_check, authenticator_remove;
step backup_codes_create;
step device_list, device_clear, device_remove;
step team_list, team_read, team_lock, team_unlock, team_reset, team_sessions_end;
step activity_list, activity_export;
step texts_read;
step time_read;
step identity_read, jwks_read;

/* The keys of identity tokens: once per worker. */
void identity_start(void);
void identity_stop(void);

#endif
