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
  removed_at timestamptz,
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
  constraint users_backup_code_wrong_bound check (backup_code_wrong between 0 and 100)
) with (fillfactor = 75);

comment on table app.users is 'store admins';
comment on column app.users.tenant_id is 'the store';
comment on column app.users.user_id is 'UUIDv7, outside user_…';
comment on column app.users.external_id is 'the store''s own id; what a user is known by, never the e-mail';
comment on column app.users.email is 'as the last launch said';
comment on column app.users.name is 'as the last launch said';
comment on column app.users.role is 'stored role; a launch may lower it for its session, never raise it';
comment on column app.users.locale is 'language; from the first launch, then the user''s own choice';
comment on column app.users.preferred_method is 'the method asked for first';
comment on column app.users.wrong_codes is 'consecutive wrong codes over all methods since the last success or lock; counted before a code is compared';
comment on column app.users.lock_level is 'how many locks in a row; each is twice as long';
comment on column app.users.locked_until is 'no code is looked at before';
comment on column app.users.sms_wrong is 'consecutive wrong texted codes; at 100 the method is off until it is reset';
comment on column app.users.authenticator_wrong is 'the same for authenticator codes';
comment on column app.users.backup_code_wrong is 'the same for backup codes';
comment on column app.users.removed_at is 'when the user was removed; a removed user is not let in';
comment on column app.users.created_at is 'the first launch';

alter table app.users enable row level security, force row level security;
create policy tenant on app.users to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.users for select to tillgate_jobs using (true);
create policy reader on app.users for select to tillgate_reader using (true);
grant select on app.users to tillgate_jobs, tillgate_reader;

commit;
