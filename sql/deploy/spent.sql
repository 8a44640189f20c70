-- Deploy tillgate:spent to pg
-- requires: prices
begin;
set local role tillgate_owner;

create table app.spent (
  tenant_id uuid not null,
  hour_start timestamptz not null,
  hour_micros bigint not null,
  day_start timestamptz not null,
  day_micros bigint not null,
  day_sends integer not null,
  month_start timestamptz not null,
  month_micros bigint not null,
  constraint spent_pk primary key (tenant_id)
) with (fillfactor = 50);

comment on table app.spent is 'what each store has spent in the hour, day and month under way; changed only by app.spend_money and app.money_change';
comment on column app.spent.tenant_id is 'the store';
comment on column app.spent.hour_start is 'the hour that hour_micros is of';
comment on column app.spent.hour_micros is 'reserved or settled for texts asked for in it';
comment on column app.spent.day_start is 'the UTC day that day_micros is of';
comment on column app.spent.day_micros is 'the same for the day';
comment on column app.spent.day_sends is 'texts of that day, for the ramp of a new store';
comment on column app.spent.month_start is 'the UTC month that month_micros is of';
comment on column app.spent.month_micros is 'the same for the month';

alter table app.spent enable row level security, force row level security;
create policy tenant on app.spent to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.spent for select to tillgate_jobs using (true);
create policy reader on app.spent for select to tillgate_reader using (true);
grant select on app.spent to tillgate_jobs, tillgate_reader;

create table app.spent_countries (
  tenant_id uuid not null,
  country text not null,
  day_start timestamptz not null,
  micros bigint not null,
  sends integer not null,
  constraint spent_countries_pk primary key (tenant_id, country)
) with (fillfactor = 50);

comment on table app.spent_countries is 'the same by country, for the day under way';
comment on column app.spent_countries.tenant_id is 'the store';
comment on column app.spent_countries.country is 'of the number';
comment on column app.spent_countries.day_start is 'the UTC day';
comment on column app.spent_countries.micros is 'reserved or settled for texts asked for in it';
comment on column app.spent_countries.sends is 'how many texts';

alter table app.spent_countries enable row level security, force row level security;
create policy tenant on app.spent_countries to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy reader on app.spent_countries for select to tillgate_reader using (true);
grant select on app.spent_countries to tillgate_reader;

create table app.platform_slots (
  slot smallint not null,
  hour_start timestamptz not null default '-infinity',
  hour_cap bigint not null default 0,
  hour_most bigint not null default 0,
  hour_micros bigint not null default 0,
  day_start timestamptz not null default '-infinity',
  day_cap bigint not null default 0,
  day_most bigint not null default 0,
  day_micros bigint not null default 0,
  constraint platform_slots_pk primary key (slot)
) with (fillfactor = 20);

comment on table app.platform_slots is 'platform table: the platform''s budget of the hour and day under way, in eight parts, so that texts of different stores do not wait for each other''s commits; see app.spend_platform';
comment on column app.platform_slots.slot is '0 to 7; a text''s slot follows from its id';
comment on column app.platform_slots.hour_start is 'the hour that hour_micros is of';
comment on column app.platform_slots.hour_cap is 'the platform''s cap when hour_most was dealt out; another cap deals anew';
comment on column app.platform_slots.hour_most is 'this part''s share of it; all parts together never have more than the cap';
comment on column app.platform_slots.hour_micros is 'reserved or settled for texts asked for in it, by this part';
comment on column app.platform_slots.day_start is 'the UTC day that day_micros is of';
comment on column app.platform_slots.day_cap is 'the same as hour_cap';
comment on column app.platform_slots.day_most is 'the same as hour_most';
comment on column app.platform_slots.day_micros is 'the same as hour_micros';

alter table app.platform_slots enable row level security, force row level security;
create policy entered on app.platform_slots to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform', 'system', 'operator'));
create policy jobs on app.platform_slots for select to tillgate_jobs using (true);
create policy reader on app.platform_slots for select to tillgate_reader using (true);
grant select on app.platform_slots to tillgate_jobs, tillgate_reader;

create view app.platform_spent with (security_invoker = true) as
  select w.hour_start, sum(s.hour_micros) filter (where s.hour_start = w.hour_start)::bigint as hour_micros,
         w.day_start, sum(s.day_micros) filter (where s.day_start = w.day_start)::bigint as day_micros
    from app.platform_slots s, (select max(x.hour_start) as hour_start, max(x.day_start) as day_start from app.platform_slots x) w
   group by w.hour_start, w.day_start;
comment on view app.platform_spent is 'what all stores together have spent in the hour and day under way';
grant select on app.platform_spent to tillgate_jobs, tillgate_reader;

create table app.budget_alerts (
  tenant_id uuid not null,
  span text not null,
  start timestamptz not null,
  percent app.percent not null,
  constraint budget_alerts_pk primary key (tenant_id, span, start, percent)
);

comment on table app.budget_alerts is 'alerts that were given: each once per window';
comment on column app.budget_alerts.tenant_id is 'the store';
comment on column app.budget_alerts.span is 'day or month';
comment on column app.budget_alerts.start is 'the window';
comment on column app.budget_alerts.percent is '50, 80 or 100';

alter table app.budget_alerts enable row level security, force row level security;
create policy tenant on app.budget_alerts to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.budget_alerts to tillgate_jobs using (true);
grant select, insert, delete on app.budget_alerts to tillgate_jobs;

commit;
