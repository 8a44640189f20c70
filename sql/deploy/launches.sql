-- Deploy tillgate:launches to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.launches (
  tenant_id uuid not null,
  launch_id uuid not null,
  user_id uuid not null,
  ticket_hash bytea not null,
  state text not null default 'open',
  role text not null,
  mode text not null,
  destination text not null,
  return_url text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint launches_pk primary key (tenant_id, launch_id),
  constraint launches_ticket_once unique (tenant_id, ticket_hash),
  constraint launches_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint launches_hash_length check (octet_length(ticket_hash) = 32),
  constraint launches_state_known check (state in ('open', 'redeemed', 'revoked')),
  constraint launches_role_known check (role in ('owner', 'admin', 'viewer')),
  constraint launches_mode_known check (mode in ('live', 'test'))
) with (fillfactor = 80);
create index launches_created on app.launches using brin (created_at) with (autosummarize = on);

comment on table app.launches is 'tickets: the store vouches for the first step';
comment on column app.launches.tenant_id is 'the store';
comment on column app.launches.launch_id is 'UUIDv7, outside launch_…';
comment on column app.launches.user_id is 'who is launched';
comment on column app.launches.ticket_hash is 'SHA-256 of the ticket';
comment on column app.launches.state is 'open, redeemed (once), revoked';
comment on column app.launches.role is 'effective role: the lower of stored and claimed';
comment on column app.launches.mode is 'of the key that asked for it';
comment on column app.launches.destination is 'path of the panel to open';
comment on column app.launches.return_url is 'where "back to the store" leads';
comment on column app.launches.created_at is 'when the store asked';
comment on column app.launches.expires_at is '60 s later';

alter table app.launches enable row level security, force row level security;
create policy tenant on app.launches to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.launches to tillgate_jobs using (true);
grant select, delete on app.launches to tillgate_jobs;

commit;
