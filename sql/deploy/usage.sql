-- Deploy tillgate:usage to pg
-- requires: tenants prices
begin;
set local role tillgate_owner;

create table app.usage (
  tenant_id uuid not null,
  day date not null,
  country app.country not null,
  purpose text not null,
  outcome text not null,
  sends integer not null,
  verified integer not null,
  micros bigint not null,
  constraint usage_pk primary key (tenant_id, day, country, purpose, outcome)
);

comment on table app.usage is 'texts by day, rolled up when the day is two days old; younger days are counted from app.sends';
comment on column app.usage.tenant_id is 'the store';
comment on column app.usage.day is 'the UTC day on which they were asked for';
comment on column app.usage.country is 'of the number';
comment on column app.usage.purpose is 'of the code';
comment on column app.usage.outcome is 'delivered, undelivered, failed, unknown, pending';
comment on column app.usage.sends is 'how many';
comment on column app.usage.verified is 'codes among them that were answered right';
comment on column app.usage.micros is 'what they cost';

alter table app.usage enable row level security, force row level security;
create policy tenant on app.usage for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.usage to tillgate_jobs using (true);
create policy reader on app.usage for select to tillgate_reader using (true);
grant select, insert, update on app.usage to tillgate_jobs;
grant select on app.usage to tillgate_reader;

commit;
