-- Deploy tillgate:devices to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.devices (
  tenant_id uuid not null,
  user_id uuid not null,
  device_hash bytea not null,
  device_id uuid not null,
  name text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint devices_pk primary key (tenant_id, user_id, device_hash),
  constraint devices_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint devices_hash_length check (octet_length(device_hash) = 32)
) with (fillfactor = 80);
create index devices_created on app.devices using brin (created_at) with (autosummarize = on);

comment on table app.devices is 'trusted devices: "Skip this for two weeks"';
comment on column app.devices.tenant_id is 'the store';
comment on column app.devices.user_id is 'who';
comment on column app.devices.device_hash is 'SHA-256 of tenant, user and secret, as for sessions';
comment on column app.devices.device_id is 'UUIDv7, outside device_…';
comment on column app.devices.name is 'user agent';
comment on column app.devices.created_at is 'when it was trusted';
comment on column app.devices.last_used_at is 'when it last stood in for the second step';
comment on column app.devices.expires_at is '14 days after created_at';

alter table app.devices enable row level security, force row level security;
create policy tenant on app.devices to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.devices to tillgate_jobs using (true);
grant select, delete on app.devices to tillgate_jobs;

commit;
