-- Deploy tillgate:suppressions to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.suppressions (
  platform_index bytea not null,
  reason text not null,
  strikes timestamptz[] not null,
  until timestamptz,
  constraint suppressions_pk primary key (platform_index, reason)
) with (fillfactor = 80);

comment on table app.suppressions is 'platform table: numbers that texts are not sent to: STOP, dead, landline, unreachable';
comment on column app.suppressions.platform_index is 'keyed hash of the number over all tenants';
comment on column app.suppressions.reason is 'why, as in app.provider_code';
comment on column app.suppressions.strikes is 'when it happened, within the rule''s window';
comment on column app.suppressions.until is 'no text before; null while there are too few strikes';

alter table app.suppressions enable row level security, force row level security;
create policy entered on app.suppressions to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'system'));
create policy jobs on app.suppressions to tillgate_jobs using (true);
grant select, insert, update, delete on app.suppressions to tillgate_jobs;

commit;
