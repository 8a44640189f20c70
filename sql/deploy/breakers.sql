-- Deploy tillgate:breakers to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.breakers (
  key text not null,
  state text not null default 'closed',
  level smallint not null default 0,
  opened_at timestamptz,
  until timestamptz,
  half_open_at timestamptz,
  probe_at timestamptz,
  probes smallint not null default 0,
  closed_at timestamptz,
  sent bigint not null default 0,
  verified bigint not null default 0,
  usual integer not null default 0,
  usual_on date,
  constraint breakers_pk primary key (key),
  constraint breakers_state_known check (state in ('closed', 'open', 'half_open'))
) with (fillfactor = 75);
-- what a text looks for: nearly always nothing
create index breakers_not_closed on app.breakers (key) where state <> 'closed';

comment on table app.breakers is 'platform table: what is known of texts by number range, country, store, store and country, and all: how many were answered, and whether the breaker is open';
comment on column app.breakers.key is '"range 1415555", "country DE", "tenant <uuid>", "tenant_country <uuid> DE", "platform"';
comment on column app.breakers.state is 'closed, open (until), half_open (three probes in ten minutes)';
comment on column app.breakers.level is 'how long it opens: 0 30 minutes, 1 2 hours, 2 12 hours, 3 7 days';
comment on column app.breakers.opened_at is 'when it last opened';
comment on column app.breakers.until is 'open before; the first text asked for afterwards makes it half open';
comment on column app.breakers.half_open_at is 'since when texts are probes';
comment on column app.breakers.probe_at is 'begin of the present ten minutes of probes';
comment on column app.breakers.probes is 'probes in them';
comment on column app.breakers.closed_at is 'when it last closed; older texts do not count';
comment on column app.breakers.sent is 'texts so far that are old enough to tell';
comment on column app.breakers.verified is 'those of them answered with the right code; from 20 on the key has a history';
comment on column app.breakers.usual_on is 'the day that it was reckoned on';
comment on column app.breakers.usual is 'of a store and country: median of texts per day over the 14 days before today';

alter table app.breakers enable row level security, force row level security;
create policy entered on app.breakers to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform', 'operator'));
create policy jobs on app.breakers to tillgate_jobs using (true);
create policy reader on app.breakers for select to tillgate_reader using (true);
grant select, insert, update, delete on app.breakers to tillgate_jobs;
grant select on app.breakers to tillgate_reader;

create table app.conversions (
  tenant_id uuid not null,
  minute timestamptz not null,
  country app.country not null,
  range text not null,
  sent integer not null,
  verified integer not null,
  constraint conversions_pk primary key (tenant_id, minute, country, range)
);
create index conversions_minute on app.conversions using brin (minute) with (autosummarize = on);

comment on table app.conversions is 'texts that are ten minutes old, rolled up; kept for two hours';
comment on column app.conversions.tenant_id is 'the store';
comment on column app.conversions.minute is 'in which they were asked for';
comment on column app.conversions.country is 'of the number';
comment on column app.conversions.range is 'of the number';
comment on column app.conversions.sent is 'texts that the provider took';
comment on column app.conversions.verified is 'those of them answered with the right code';

alter table app.conversions enable row level security, force row level security;
create policy jobs on app.conversions to tillgate_jobs using (true);
grant select, insert, update, delete on app.conversions to tillgate_jobs;

create table app.country_days (
  tenant_id uuid not null,
  country app.country not null,
  day date not null,
  sends integer not null,
  constraint country_days_pk primary key (tenant_id, country, day)
);

comment on table app.country_days is 'texts by store, country and day: what is usual is reckoned from these; kept for two weeks';
comment on column app.country_days.tenant_id is 'the store';
comment on column app.country_days.country is 'of the number';
comment on column app.country_days.day is 'the UTC day';
comment on column app.country_days.sends is 'texts that the provider took';

alter table app.country_days enable row level security, force row level security;
create policy jobs on app.country_days to tillgate_jobs using (true);
grant select, insert, update, delete on app.country_days to tillgate_jobs;

create table app.probes (
  key text not null,
  tenant_id uuid not null,
  send_id uuid not null,
  constraint probes_pk primary key (key, tenant_id, send_id)
);

comment on table app.probes is 'platform table: texts that half-open breakers let through; gone when the breaker is decided';
comment on column app.probes.key is 'the breaker';
comment on column app.probes.tenant_id is 'the store';
comment on column app.probes.send_id is 'the text';

alter table app.probes enable row level security, force row level security;
create policy entered on app.probes for insert to tillgate_owner
  with check (current_setting('app.caller', true) = 'session');
create policy jobs on app.probes to tillgate_jobs using (true);
grant select, delete on app.probes to tillgate_jobs;

create table app.roll_ups (
  name text not null,
  up_to timestamptz not null,
  constraint roll_ups_pk primary key (name)
);

comment on table app.roll_ups is 'platform table: how far each job has read';
comment on column app.roll_ups.name is 'which job';
comment on column app.roll_ups.up_to is 'everything before this time is done';

alter table app.roll_ups enable row level security, force row level security;
create policy jobs on app.roll_ups to tillgate_jobs using (true);
create policy entered on app.roll_ups for select to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform'));
grant select, insert, update on app.roll_ups to tillgate_jobs;

commit;
