-- Deploy tillgate:users to pg
-- requires: tenants
begin;
set local role tillgate_owner;

create table app.users (
  tenant_id uuid not null,
  user_id uuid not null,
  external_id text not null,
  email text,
  name text not null,
  role text not null,
  locale text not null,
  preferred_method text,
  wrong_codes smallint not null default 0,
  lock_level smallint not null default 0,
  locked_until timestamptz,
  sms_wrong smallint not null default 0,
  authenticator_wrong smallint not null default 0,
  backup_code_wrong smallint not null default 0,
  locked_at timestamptz,
  lock_reason text,
  removed_at timestamptz,
  signed_out_at timestamptz,
  last_signed_in_at timestamptz,
  version integer not null default 1,
  -- columns, not expressions in an index: the policy lets an index be searched only with operators that leak nothing, and lower() is none
  search_name text collate "C" not null generated always as (lower(name)) stored,
  search_email text collate "C" generated always as (lower(email)) stored,
  search_external_id text collate "C" not null generated always as (lower(external_id)) stored,
  created_at timestamptz not null default now(),
  constraint users_pk primary key (tenant_id, user_id),
  constraint users_external_id_once unique (tenant_id, external_id),
  constraint users_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id),
  constraint users_external_id_length check (length(external_id) between 1 and 128),
  constraint users_email_length check (length(email) between 1 and 254),
  constraint users_name_length check (length(name) between 1 and 80),
  constraint users_role_known check (role in ('owner', 'admin', 'viewer')),
  constraint users_locale_known check (locale in ('en', 'de')),
  constraint users_preferred_method_known check (preferred_method in ('sms', 'authenticator')),
  constraint users_wrong_codes_bound check (wrong_codes between 0 and 10),
  constraint users_sms_wrong_bound check (sms_wrong between 0 and 100),
  constraint users_authenticator_wrong_bound check (authenticator_wrong between 0 and 100),
  constraint users_backup_code_wrong_bound check (backup_code_wrong between 0 and 100),
  constraint users_lock_reason_goes_with_lock check ((locked_at is null) = (lock_reason is null))
) with (fillfactor = 75);
-- the lists by state; what is in none of these is active
create index users_locked on app.users (tenant_id, user_id)
  where removed_at is null and (locked_at is not null or locked_until is not null);
create index users_removed on app.users (tenant_id, user_id) where removed_at is not null;
create index users_active on app.users (tenant_id, user_id) where removed_at is null and locked_at is null;
create index users_owners on app.users (tenant_id, user_id) where role = 'owner' and removed_at is null;
-- the search; a user is found by the first of the three that fits, so each index holds what tells whether an earlier one did
create index users_by_name on app.users (tenant_id, search_name, user_id) include (removed_at, locked_at, locked_until);
create index users_by_email on app.users (tenant_id, search_email, user_id)
  include (search_name, removed_at, locked_at, locked_until);
create index users_by_external_id on app.users (tenant_id, search_external_id, user_id)
  include (search_name, search_email, removed_at, locked_at, locked_until);

comment on table app.users is 'store admins';
comment on column app.users.tenant_id is 'the store';
comment on column app.users.user_id is 'UUIDv7, outside user_…';
comment on column app.users.external_id is 'the store''s own id; what a user is known by, never the e-mail';
comment on column app.users.email is 'as the last launch or the platform said';
comment on column app.users.name is 'as the last launch or the platform said';
comment on column app.users.role is 'stored role; a launch may lower it for its session, never raise it';
comment on column app.users.locale is 'language; from the first launch, then the user''s own choice';
comment on column app.users.preferred_method is 'the method asked for first';
comment on column app.users.wrong_codes is 'consecutive wrong codes over all methods since the last success or lock; counted before a code is compared';
comment on column app.users.lock_level is 'how many locks in a row; each is twice as long';
comment on column app.users.locked_until is 'no code is looked at before';
comment on column app.users.sms_wrong is 'consecutive wrong texted codes; at 100 the method is off until it is reset';
comment on column app.users.authenticator_wrong is 'the same for authenticator codes';
comment on column app.users.backup_code_wrong is 'the same for backup codes';
comment on column app.users.locked_at is 'when the platform or an owner locked the user, which holds until somebody unlocks; the lock for wrong codes is locked_until';
comment on column app.users.lock_reason is 'why';
comment on column app.users.signed_out_at is 'when somebody else last ended what the user had open: launches and sessions from before are void';
comment on column app.users.last_signed_in_at is 'when a session last became ready';
comment on column app.users.version is 'counts changes of what a person may change; the ETag';
comment on column app.users.search_name is 'what the search compares: the name in lower case';
comment on column app.users.search_email is 'the same of the e-mail';
comment on column app.users.search_external_id is 'the same of the store''s own id';
comment on column app.users.removed_at is 'when the user was removed; a removed user is not let in';
comment on column app.users.created_at is 'the first launch';

alter table app.users enable row level security, force row level security;
create policy tenant on app.users to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.users for select to tillgate_jobs using (true);
create policy reader on app.users for select to tillgate_reader using (true);
grant select on app.users to tillgate_jobs, tillgate_reader;

commit;
