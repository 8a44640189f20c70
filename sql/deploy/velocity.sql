-- Deploy tillgate:velocity to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.velocity (
  scope text not null,
  key text not null,
  stamps timestamptz[] not null,
  members text[] not null default '{}',
  used_at timestamptz not null default now(),
  constraint velocity_pk primary key (scope, key)
) with (fillfactor = 60);

comment on table app.velocity is 'platform table: sliding windows of the sending limits; one row per thing that is limited, only of the last day';
comment on column app.velocity.scope is 'which limit, see app.spend_limits';
comment on column app.velocity.key is 'what is limited: keyed hash of a phone, tenant and user, address, number range';
comment on column app.velocity.stamps is 'when it was spent, within the longest window of the scope';
comment on column app.velocity.members is 'for limits on different numbers: the hash that goes with each stamp, each once';
comment on column app.velocity.used_at is 'last use, for the clean-up';

alter table app.velocity enable row level security, force row level security;
create policy entered on app.velocity to tillgate_owner
  using (current_setting('app.caller', true) = 'session');
create policy jobs on app.velocity to tillgate_jobs using (true);
grant select, delete on app.velocity to tillgate_jobs;

create table app.ranges (
  range text not null,
  verified bigint not null default 0,
  constraint ranges_pk primary key (range)
);

comment on table app.ranges is 'platform table: number ranges in which texts were answered with the right code';
comment on column app.ranges.range is 'a number less its last 4 digits';
comment on column app.ranges.verified is 'right codes so far, added up by the job; from 20 on the range''s own limits are off';

alter table app.ranges enable row level security, force row level security;
create policy entered on app.ranges for select to tillgate_owner
  using (current_setting('app.caller', true) = 'session');
create policy jobs on app.ranges to tillgate_jobs using (true);
grant select, insert, update on app.ranges to tillgate_jobs;

commit;
