-- Deploy tillgate:sessions to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.sessions (
  tenant_id uuid not null,
  user_id uuid not null,
  token_hash bytea not null,
  session_id uuid not null,
  state text not null,
  role text not null,
  mode text not null,
  second_step_at timestamptz,
  change_until timestamptz,
  destination text not null,
  return_url text,
  user_agent text not null,
  address text not null,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint sessions_pk primary key (tenant_id, user_id, token_hash),
  constraint sessions_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint sessions_hash_length check (octet_length(token_hash) = 32),
  constraint sessions_state_known check (state in ('launched', 'ready')),
  constraint sessions_role_known check (role in ('owner', 'admin', 'viewer')),
  constraint sessions_mode_known check (mode in ('live', 'test'))
) with (fillfactor = 80);
create index sessions_expiry on app.sessions (expires_at);

comment on table app.sessions is 'browsers signed in; a new row and token at every rise';
comment on column app.sessions.tenant_id is 'the store';
comment on column app.sessions.user_id is 'who';
comment on column app.sessions.token_hash is 'SHA-256 of tenant, user and secret, 64 bytes; the cookie carries all three, so one index finds it';
comment on column app.sessions.session_id is 'UUIDv7, outside session_…';
comment on column app.sessions.state is 'launched: first step only; ready: second step done';
comment on column app.sessions.role is 'effective role of this launch';
comment on column app.sessions.mode is 'live, or test: texts are never posted';
comment on column app.sessions.second_step_at is 'when a code was last proved; null after a trusted device, which makes no session fresh';
comment on column app.sessions.change_until is 'until when the proof for changing the phone number holds';
comment on column app.sessions.destination is 'path that the launch asked for';
comment on column app.sessions.return_url is 'where "back to the store" leads';
comment on column app.sessions.user_agent is 'shown in the list of sessions';
comment on column app.sessions.address is 'browser address at the last rise';
comment on column app.sessions.created_at is 'when the launch was redeemed';
comment on column app.sessions.seen_at is 'last use, to the minute; 15 minutes later it is dead';
comment on column app.sessions.expires_at is 'absolute end: 10 minutes launched, 12 hours ready';

alter table app.sessions enable row level security, force row level security;
create policy tenant on app.sessions to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.sessions to tillgate_jobs using (true);
grant select, delete on app.sessions to tillgate_jobs;

commit;
