-- Deploy tillgate:sessions_amr to pg
-- requires: sessions
begin;
set local role tillgate_owner;

alter table app.sessions add column amr text[] not null default '{}', add column auth_at timestamptz;
comment on column app.sessions.amr is 'how the second step was done, as RFC 8176 says it: otp, sms, backup_code, device, bypass; empty before';
comment on column app.sessions.auth_at is 'when that was proved; with a trusted device the day it was trusted, while second_step_at stays null';

commit;
