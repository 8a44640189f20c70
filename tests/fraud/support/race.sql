-- The people of the race: :people of them in :stores stores, each with a number, a range, an address and a session of their own, so that no limit on how often
-- stands before money. Store n is of kind n % 5:
--   0 its hour is small, 1 its month, 2 its day in the country, 3 it is new: 20 texts a day, 4 only the platform's money is small
-- Even stores keep their texts as they were asked for; in odd ones texts are settled, refunded and released meanwhile.
create schema race;
create table race.people (
  n integer primary key, store integer not null, tenant_id uuid not null, slug text not null, user_id uuid not null, set_up boolean not null, token bytea not null
);
insert into race.people
select n, n % :stores, md5('store ' || n % :stores)::uuid, 'race-' || n % :stores, md5('user ' || n)::uuid, n / :stores % 4 = 3, sha256(('user ' || n)::bytea)
  from generate_series(0, :people - 1) n;

insert into app.tenants (tenant_id, slug, name, country, locale, status, sms_countries, created_at)
select md5('store ' || n)::uuid, 'race-' || n, 'Race', 'US', 'en', 'active', '{US}', now() - case when n % 5 = 3 then interval '1 day' else interval '60 days' end
  from generate_series(0, :stores - 1) n;
insert into app.slugs (slug, tenant_id) select slug, tenant_id from app.tenants;
insert into app.tenant_limits (tenant_id, day_micros, month_micros)
select tenant_id, case n % 5 when 0 then 400000 else 1000000000 end, case n % 5 when 1 then 250000 else 1000000000 end
  from (select tenant_id, substr(slug, 6)::integer as n from app.tenants) t;
insert into app.country_limits (tenant_id, country, day_micros)
select tenant_id, 'US', 150000 from app.tenants where substr(slug, 6)::integer % 5 = 2;
insert into app.breakers (key, sent, verified, usual) values ('country US', 100000, 100000, 0);
insert into app.breakers (key, sent, verified, usual) select 'tenant_country ' || tenant_id || ' US', 100000, 100000, 1000000 from app.tenants;
update app.prices set price_micros = 7001 where country = 'US';

insert into app.users (tenant_id, user_id, external_id, name, role, locale) select tenant_id, user_id, n::text, 'Ann', 'admin', 'en' from race.people;
insert into app.phones (tenant_id, user_id, phone_id, state, number_sealed, tenant_index, platform_index, country, type, range, hint, consent_version, consent_address, verified_at)
select tenant_id, user_id, md5('phone ' || n)::uuid, case when set_up then 'unverified' else 'verified' end, '\x01', sha256(('t' || n)::bytea), sha256(('p' || n)::bytea),
       'US', 'mobile', 'US' || n, '••12', '1', '192.0.2.1', case when not set_up then now() end
  from race.people;
insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, destination, user_agent, address, seen_at, expires_at)
select tenant_id, user_id, token, user_id, 'launched', 'admin', 'live', '/', '', '192.0.2.1', 'infinity', 'infinity' from race.people;
grant usage on schema race to tillgate_server;
grant select on race.people to tillgate_server;

-- Caps of each store and window, and what its texts cost in it: counted from the texts, in one snapshot with the counters.
create view race.windows as
select t.slug, w.* from app.tenants t
  join lateral (
    select 'hour' as span, s.hour_start as start, s.hour_micros as counted, coalesce(l.day_micros, 50000000) / 4 as most,
           (select coalesce(sum(x.price_micros), 0) from app.sends x where x.tenant_id = t.tenant_id and x.created_at >= s.hour_start) as cost
      from app.spent s join app.tenant_limits l using (tenant_id) where s.tenant_id = t.tenant_id
    union all
    select 'day', s.day_start, s.day_micros, l.day_micros, (select coalesce(sum(x.price_micros), 0) from app.sends x where x.tenant_id = t.tenant_id and x.created_at >= s.day_start)
      from app.spent s join app.tenant_limits l using (tenant_id) where s.tenant_id = t.tenant_id
    union all
    select 'month', s.month_start, s.month_micros, l.month_micros, (select coalesce(sum(x.price_micros), 0) from app.sends x where x.tenant_id = t.tenant_id and x.created_at >= s.month_start)
      from app.spent s join app.tenant_limits l using (tenant_id) where s.tenant_id = t.tenant_id
    union all
    select 'country', s.day_start, s.micros, coalesce(c.day_micros, 1000000000), (select coalesce(sum(x.price_micros), 0) from app.sends x where x.tenant_id = t.tenant_id and x.created_at >= s.day_start)
      from app.spent_countries s left join app.country_limits c using (tenant_id, country) where s.tenant_id = t.tenant_id
  ) w on true
union all
select 'platform', 'day', p.day_start, p.day_micros, f.day_micros, (select coalesce(sum(x.price_micros), 0) from app.sends x where x.created_at >= p.day_start)
  from app.platform_spent p, app.platform_limits f
union all
select 'platform', 'hour', p.hour_start, p.hour_micros, f.hour_micros, (select coalesce(sum(x.price_micros), 0) from app.sends x where x.created_at >= p.hour_start)
  from app.platform_spent p, app.platform_limits f;
analyze;
