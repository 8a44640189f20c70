-- Deploy tillgate:phones to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.phones (
  tenant_id uuid not null,
  user_id uuid not null,
  phone_id uuid not null,
  state text not null default 'unverified',
  number_sealed bytea not null,
  tenant_index bytea not null,
  platform_index bytea not null,
  country text not null,
  type text not null,
  range text not null,
  hint text not null,
  consent_version text not null,
  consent_address text not null,
  created_at timestamptz not null default now(),
  verified_at timestamptz,
  constraint phones_pk primary key (tenant_id, user_id, phone_id),
  -- at most one number of each state: the one in use, and one that waits to be verified
  constraint phones_one_of_each_state unique (tenant_id, user_id, state),
  constraint phones_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint phones_state_known check (state in ('unverified', 'verified')),
  constraint phones_verified_at_goes_with_state check ((state = 'verified') = (verified_at is not null)),
  constraint phones_country_shape check (country ~ '^[A-Z]{2}$')
);
create index phones_waiting on app.phones (created_at) where state = 'unverified';

comment on table app.phones is 'phone numbers of users';
comment on column app.phones.tenant_id is 'the store';
comment on column app.phones.user_id is 'who';
comment on column app.phones.phone_id is 'UUIDv7, outside phone_…';
comment on column app.phones.state is 'unverified or verified';
comment on column app.phones.number_sealed is 'the number, sealed by C under the tenant''s key';
comment on column app.phones.tenant_index is 'keyed hash of the number within the tenant';
comment on column app.phones.platform_index is 'keyed hash of the number over all tenants, for limits only';
comment on column app.phones.country is 'ISO 3166 alpha-2 of the number';
comment on column app.phones.type is 'line type by the numbering plan';
comment on column app.phones.range is 'the number less its last 4 digits';
comment on column app.phones.hint is 'what the panel shows, last two digits';
comment on column app.phones.consent_version is 'version of the consent text that the user agreed to';
comment on column app.phones.consent_address is 'browser address of that agreement';
comment on column app.phones.created_at is 'when it was saved, and the consent given';
comment on column app.phones.verified_at is 'when a texted code proved it';

alter table app.phones enable row level security, force row level security;
create policy tenant on app.phones to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.phones to tillgate_jobs using (true);
grant select, delete on app.phones to tillgate_jobs;

commit;
