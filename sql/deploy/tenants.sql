-- Deploy tillgate:tenants to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.tenants (
  tenant_id uuid not null,
  slug text not null,
  name text not null,
  country text not null,
  locale text not null,
  status text not null,
  status_reason text,
  resumes_as text,
  trial_ends_at timestamptz,
  restores_as text,
  deleted_at timestamptz,
  purge_at timestamptz,
  return_origins text[] not null default '{}',
  sms_countries text[] not null,
  code_life_seconds integer not null default 300,
  owner_user_id uuid,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tenants_pk primary key (tenant_id),
  constraint tenants_slug_shape check (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$' and slug not in ('api', 'hooks', 'www', 'admin')),
  constraint tenants_name_length check (length(name) between 1 and 80),
  constraint tenants_country_shape check (country ~ '^[A-Z]{2}$'),
  constraint tenants_locale_known check (locale in ('en', 'de')),
  constraint tenants_status_known check (status in ('trial', 'active', 'suspended', 'deleting')),
  constraint tenants_resumes_as_known check (
    ('suspended' in (status, coalesce(restores_as, ''))) = (resumes_as is not null) and resumes_as in ('trial', 'active')),
  constraint tenants_restores_as_known check ((status = 'deleting') = (restores_as is not null) and restores_as in ('trial', 'active', 'suspended')),
  constraint tenants_deleting_has_times check ((status = 'deleting') = (purge_at is not null) and (purge_at is null) = (deleted_at is null)),
  constraint tenants_return_origins_count check (cardinality(return_origins) <= 10),
  constraint tenants_code_life_bound check (code_life_seconds between 120 and 600)
) with (fillfactor = 80);
-- the lists by status, trials that end, stores to be purged
create index tenants_by_status on app.tenants (status, tenant_id);
create index tenants_trials on app.tenants (trial_ends_at) where status = 'trial';
create index tenants_deleting on app.tenants (purge_at) where status = 'deleting';

comment on table app.tenants is 'one store each';
comment on column app.tenants.tenant_id is 'UUIDv7, outside tenant_…';
comment on column app.tenants.slug is 'the name in the panel''s host; unique by app.slugs';
comment on column app.tenants.name is 'what people call the store; appears in every text';
comment on column app.tenants.country is 'ISO 3166 alpha-2';
comment on column app.tenants.locale is 'language of texts and panel unless the user chose another';
comment on column app.tenants.status is 'trial, active, suspended, deleting; only the first two are let in';
comment on column app.tenants.status_reason is 'what the platform said when it last suspended or resumed';
comment on column app.tenants.resumes_as is 'the status it had when it was suspended';
comment on column app.tenants.trial_ends_at is 'when a trial ends by itself; kept when it has, gone when the store is active';
comment on column app.tenants.restores_as is 'the status it had when it was deleted';
comment on column app.tenants.deleted_at is 'when the platform deleted it';
comment on column app.tenants.purge_at is 'until then it can be restored; then every row of it is removed';
comment on column app.tenants.return_origins is 'origins that a launch''s return_url may have';
comment on column app.tenants.sms_countries is 'countries that texts may be sent to';
comment on column app.tenants.code_life_seconds is 'life of a texted code';
comment on column app.tenants.owner_user_id is 'the first user launched; set once';
comment on column app.tenants.version is 'counts changes by the platform; the ETag';
comment on column app.tenants.created_at is 'when the platform made it';
comment on column app.tenants.updated_at is 'when the platform last changed it';

alter table app.tenants enable row level security, force row level security;
create policy tenant on app.tenants to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
-- the platform lists its tenants: the one read across tenants that a caller has
create policy platform on app.tenants for select to tillgate_owner
  using (current_setting('app.caller', true) = 'platform');
create policy jobs on app.tenants for select to tillgate_jobs using (true);
create policy jobs_end_trials on app.tenants for update to tillgate_jobs
  using (status = 'trial' and trial_ends_at <= now()) with check (status = 'suspended');
create policy reader on app.tenants for select to tillgate_reader using (true);
grant select on app.tenants to tillgate_jobs, tillgate_reader;
grant update on app.tenants to tillgate_jobs;

create table app.slugs (
  slug text not null,
  tenant_id uuid not null,
  constraint slugs_pk primary key (slug)
);

comment on table app.slugs is 'platform table: which tenant a panel host belongs to; makes slugs unique and is read before a tenant is known';
comment on column app.slugs.slug is 'as in app.tenants';
comment on column app.slugs.tenant_id is 'the tenant; no foreign key, because this table is keyed by slug';

alter table app.slugs enable row level security, force row level security;
create policy entered on app.slugs to tillgate_owner
  using (current_setting('app.caller', true) in ('host', 'platform'));
create policy reader on app.slugs for select to tillgate_reader using (true);
grant select on app.slugs to tillgate_reader;

commit;
