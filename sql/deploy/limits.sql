-- Deploy tillgate:limits to pg
-- requires: prices
begin;
set local role tillgate_owner;

create table app.tenant_limits (
  tenant_id uuid not null,
  day_micros app.micros,
  month_micros app.micros,
  reserve_percent app.percent not null default 20,
  max_price_micros app.micros,
  shadow text[] not null default '{}',
  ramp_lifted_by uuid,
  ramp_lifted_reason text,
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  constraint tenant_limits_pk primary key (tenant_id),
  constraint tenant_limits_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id)
);

comment on table app.tenant_limits is 'what the platform has set for a store; a store without a row, and a null, has the default';
comment on column app.tenant_limits.tenant_id is 'the store';
comment on column app.tenant_limits.day_micros is 'most per UTC day; null: by status, see app.day_default. An hour may take a quarter of it';
comment on column app.tenant_limits.month_micros is 'most per UTC calendar month; null: 20 days';
comment on column app.tenant_limits.reserve_percent is 'share of hour, day and month that only sign-in by verified phones may use';
comment on column app.tenant_limits.max_price_micros is 'most for one text; null: 0.10, or the price of the store''s own country';
comment on column app.tenant_limits.shadow is 'layers that are evaluated and recorded, but not enforced; see app.layers';
comment on column app.tenant_limits.ramp_lifted_by is 'the platform key that lifted the ramp of a new store';
comment on column app.tenant_limits.ramp_lifted_reason is 'why it was lifted; null: the ramp holds';
comment on column app.tenant_limits.version is 'counts changes; the ETag';
comment on column app.tenant_limits.updated_at is 'when it was last changed';

alter table app.tenant_limits enable row level security, force row level security;
create policy tenant on app.tenant_limits to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.tenant_limits for select to tillgate_jobs using (true);
create policy reader on app.tenant_limits for select to tillgate_reader using (true);
grant select on app.tenant_limits to tillgate_jobs, tillgate_reader;

create table app.country_limits (
  tenant_id uuid not null,
  country app.country not null,
  day_micros app.micros,
  stopped boolean not null default false,
  constraint country_limits_pk primary key (tenant_id, country),
  constraint country_limits_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id)
);

comment on table app.country_limits is 'what the platform has set for a store''s texts to one country';
comment on column app.country_limits.tenant_id is 'the store';
comment on column app.country_limits.country is 'of the number';
comment on column app.country_limits.day_micros is 'most per UTC day; null: no more than the store''s own day';
comment on column app.country_limits.stopped is 'no texts of this store to this country';

alter table app.country_limits enable row level security, force row level security;
create policy tenant on app.country_limits to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy reader on app.country_limits for select to tillgate_reader using (true);
grant select on app.country_limits to tillgate_reader;

create table app.platform_limits (
  key text not null default 'platform',
  currency text not null default 'USD',
  hour_micros app.micros not null default 200000000,
  day_micros app.micros not null default 1000000000,
  reserve_percent app.percent not null default 20,
  denied_countries text[] not null default '{}',
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  constraint platform_limits_pk primary key (key),
  constraint platform_limits_one_row check (key = 'platform'),
  constraint platform_limits_currency_shape check (currency ~ '^[A-Z]{3}$')
);
insert into app.platform_limits default values;

comment on table app.platform_limits is 'platform table: the platform''s own limits, over all stores; one row';
comment on column app.platform_limits.key is 'platform';
comment on column app.platform_limits.currency is 'ISO 4217; all money is of this currency';
comment on column app.platform_limits.hour_micros is 'most per hour, all stores together';
comment on column app.platform_limits.day_micros is 'most per UTC day, all stores together';
comment on column app.platform_limits.reserve_percent is 'share of both that only sign-in by verified phones may use';
comment on column app.platform_limits.denied_countries is 'no store sends there, whatever its own list says';
comment on column app.platform_limits.version is 'counts changes; the ETag';
comment on column app.platform_limits.updated_at is 'when it was last changed';

alter table app.platform_limits enable row level security, force row level security;
create policy entered on app.platform_limits to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform', 'system', 'operator'));
create policy jobs on app.platform_limits for select to tillgate_jobs using (true);
create policy reader on app.platform_limits for select to tillgate_reader using (true);
grant select on app.platform_limits to tillgate_jobs, tillgate_reader;

create table app.stops (
  key text not null,
  cause text not null,
  reason text not null,
  until timestamptz,
  set_by uuid,
  set_at timestamptz not null default now(),
  constraint stops_pk primary key (key, cause),
  constraint stops_cause_known check (cause in ('switch', 'money', 'breaker', 'provider')),
  constraint stops_switch_has_no_end check (cause <> 'switch' or until is null)
);

comment on table app.stops is 'platform table: why no texts go out at the moment. A switch is enforced; the other causes are notices of what the layers do anyway, so that the panel can say so before anybody asks for a text';
comment on column app.stops.key is 'what is stopped: platform, "country DE", "tenant <uuid>", "tenant_country <uuid> DE"';
comment on column app.stops.cause is 'switch (thrown by the platform), money, breaker, provider (it is down)';
comment on column app.stops.reason is 'of a switch: what the platform said; else a code';
comment on column app.stops.until is 'when texts return; null: when the switch is lifted';
comment on column app.stops.set_by is 'the platform key that threw the switch';
comment on column app.stops.set_at is 'when';

alter table app.stops enable row level security, force row level security;
create policy entered on app.stops to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform', 'system', 'operator'));
create policy jobs on app.stops to tillgate_jobs using (true);
create policy reader on app.stops for select to tillgate_reader using (true);
grant select, insert, update, delete on app.stops to tillgate_jobs;
grant select on app.stops to tillgate_reader;

-- the function that fills it is app.send_rules
create type app.rules as (
  sms_countries text[],
  code_life_seconds integer,
  home_country text,
  ramp_sends integer,
  day_micros bigint,
  month_micros bigint,
  reserve_percent integer,
  max_price_micros bigint,
  shadow text[],
  country_micros bigint,
  price_micros bigint,
  denied boolean,
  platform_hour_micros bigint,
  platform_day_micros bigint,
  platform_reserve_percent integer,
  stopped text,
  suppressed boolean,
  breaker text,
  country_verified bigint,
  pair_verified bigint,
  usual integer
);
comment on type app.rules is 'every rule that one text is measured against, read by one statement';
comment on column app.rules.sms_countries is 'countries that the store sends to';
comment on column app.rules.code_life_seconds is 'life of a code';
comment on column app.rules.home_country is 'the store''s own country';
comment on column app.rules.ramp_sends is 'most texts a day of a new store; null: no ramp';
comment on column app.rules.day_micros is 'the store''s day';
comment on column app.rules.month_micros is 'the store''s month';
comment on column app.rules.reserve_percent is 'share kept for sign-in by verified phones';
comment on column app.rules.max_price_micros is 'most for one text; null: the default';
comment on column app.rules.shadow is 'layers that are recorded, not enforced';
comment on column app.rules.country_micros is 'the store''s day in this country; null: none of its own';
comment on column app.rules.price_micros is 'of one segment to this country; null: unknown';
comment on column app.rules.denied is 'the platform denies the country';
comment on column app.rules.platform_hour_micros is 'the platform''s hour';
comment on column app.rules.platform_day_micros is 'the platform''s day';
comment on column app.rules.platform_reserve_percent is 'share of both kept for sign-in by verified phones';
comment on column app.rules.stopped is 'what the kill switch that is thrown stops; null: none is';
comment on column app.rules.suppressed is 'the number rests';
comment on column app.rules.breaker is 'a breaker of this text that is not closed; null: all are';
comment on column app.rules.country_verified is 'texts to this country that were answered, all stores';
comment on column app.rules.pair_verified is 'the same of this store';
comment on column app.rules.usual is 'texts a day that are usual for this store and country';

commit;
