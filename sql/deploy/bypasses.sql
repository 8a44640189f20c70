-- Deploy tillgate:bypasses to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.bypasses (
  tenant_id uuid not null,
  user_id uuid not null,
  state text not null default 'requested',
  reason text not null,
  hours smallint not null,
  requested_by text not null,
  requested_key uuid not null,
  requested_at timestamptz not null default now(),
  approved_by text,
  approved_key uuid,
  approved_at timestamptz,
  expires_at timestamptz not null,
  constraint bypasses_pk primary key (tenant_id, user_id),
  constraint bypasses_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint bypasses_state_known check (state in ('requested', 'approved')),
  constraint bypasses_hours_bound check (hours between 1 and 24),
  constraint bypasses_approved_with_state check ((state = 'approved') = (approved_by is not null) and (state = 'approved') = (approved_at is not null)),
  constraint bypasses_two_people check (lower(btrim(approved_by)) <> lower(btrim(requested_by))),
  constraint bypasses_day_at_most check (expires_at <= coalesce(approved_at, requested_at) + interval '24 hours')
) with (fillfactor = 75);
create index bypasses_expiry on app.bypasses (expires_at);

comment on table app.bypasses is 'the exception under way of a user who may skip the second step: named, reasoned, short, by two people; what was is in app.events';
comment on column app.bypasses.tenant_id is 'the store';
comment on column app.bypasses.user_id is 'who may skip the second step';
comment on column app.bypasses.state is 'requested, or approved: only then it is good for anything';
comment on column app.bypasses.reason is 'why';
comment on column app.bypasses.hours is 'how long it shall hold from its approval';
comment on column app.bypasses.requested_by is 'the person who asked for it';
comment on column app.bypasses.requested_key is 'the platform''s key that the request came with';
comment on column app.bypasses.requested_at is 'when it was asked for';
comment on column app.bypasses.approved_by is 'the other person, who agreed';
comment on column app.bypasses.approved_key is 'the platform''s key that the approval came with';
comment on column app.bypasses.approved_at is 'when that was';
comment on column app.bypasses.expires_at is 'a request is void a day after it was made, a bypass hours after its approval';

alter table app.bypasses enable row level security, force row level security;
create policy tenant on app.bypasses to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.bypasses to tillgate_jobs using (true);
grant select, delete on app.bypasses to tillgate_jobs;

commit;
