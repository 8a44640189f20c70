-- Deploy tillgate:authenticators to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.authenticators (
  tenant_id uuid not null,
  user_id uuid not null,
  authenticator_id uuid not null,
  state text not null default 'pending',
  secret_sealed bytea not null,
  last_step bigint not null default 0,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  constraint authenticators_pk primary key (tenant_id, user_id, authenticator_id),
  -- at most one of each: the one in use, and one being set up
  constraint authenticators_one_of_each_state unique (tenant_id, user_id, state),
  constraint authenticators_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint authenticators_state_known check (state in ('pending', 'active')),
  constraint authenticators_pending_expires check ((state = 'pending') = (expires_at is not null))
) with (fillfactor = 75);
create index authenticators_pending on app.authenticators (expires_at) where state = 'pending';

comment on table app.authenticators is 'TOTP secrets';
comment on column app.authenticators.tenant_id is 'the store';
comment on column app.authenticators.user_id is 'who';
comment on column app.authenticators.authenticator_id is 'UUIDv7, never shown';
comment on column app.authenticators.state is 'pending: shown, not yet proved; active';
comment on column app.authenticators.secret_sealed is '160 bits, sealed by C under the tenant''s key';
comment on column app.authenticators.last_step is 'the last time step accepted; only a later one is accepted again';
comment on column app.authenticators.created_at is 'when it was shown';
comment on column app.authenticators.expires_at is 'a pending one is void 10 minutes after it was shown';

alter table app.authenticators enable row level security, force row level security;
create policy tenant on app.authenticators to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.authenticators to tillgate_jobs using (true);
grant select, delete on app.authenticators to tillgate_jobs;

commit;
