-- Deploy tillgate:prices to pg
-- requires: schemas
begin;
set local role tillgate_owner;

-- Money is counted in millionths of the platform's one currency. A domain is checked only where its column is assigned; a table's
-- check is parsed again at every statement that writes a row.
create domain app.micros as bigint constraint micros_not_negative check (value >= 0);
comment on domain app.micros is 'an amount of money, in millionths of the platform''s currency';
create domain app.country as text constraint country_shape check (value ~ '^[A-Z]{2}$');
comment on domain app.country is 'ISO 3166 alpha-2';
create domain app.percent as smallint constraint percent_bound check (value between 0 and 100);

create table app.prices (
  country app.country not null,
  price_micros app.micros not null,
  currency text not null,
  source text not null,
  synced_at timestamptz not null default now(),
  constraint prices_pk primary key (country),
  constraint prices_source_known check (source in ('builtin', 'twilio'))
);

comment on table app.prices is 'platform table: what one segment costs by country; the countries that there are';
comment on column app.prices.country is 'ISO 3166 alpha-2 of the number';
comment on column app.prices.price_micros is 'the highest over the carriers and number types that may be used';
comment on column app.prices.currency is 'the platform''s currency';
comment on column app.prices.source is 'builtin, a careful guess until the first synchronisation; or twilio';
comment on column app.prices.synced_at is 'when it was last read from the provider';

alter table app.prices enable row level security, force row level security;
create policy entered on app.prices for select to tillgate_owner
  using (current_setting('app.caller', true) in ('session', 'platform', 'system', 'operator'));
create policy synced on app.prices to tillgate_owner
  using (current_setting('app.caller', true) in ('system', 'operator'));
create policy reader on app.prices for select to tillgate_reader using (true);
grant select on app.prices to tillgate_reader;

commit;
