-- Goal: the conversion breakers open, half-open and close as security.md d.3 says; an attack on one range or store closes no country; without a history at most 20 texts in ten minutes.
begin;
select no_plan();
select test.store('alpha'), test.store('beta') \g /dev/null
delete from app.breakers where key like '%alpha%';
-- p_sent texts of that store to one range, p_verified of them answered, p_age ago; posted unless told otherwise
create function pg_temp.history(p_store text, p_range text, p_sent integer, p_verified integer, p_age interval default '15 minutes', p_sid text default 'SM', p_country text default 'US') returns void language plpgsql as $$
declare
  id text;
begin
  if not exists (select from app.users where tenant_id = test.id(p_store) and user_id = test.id(p_store)) then
    perform test.person(p_store, p_store);
  end if;
  for n in 1..p_sent loop
    id := gen_random_uuid();
    insert into app.challenges (tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, key_version, state, send_id, resend_at, expires_at, created_at)
    values (test.id(p_store), test.id(p_store), id::uuid, 'sign_in', id::uuid, '\x00', p_range, '', test.hash(id), 1, case when n <= p_verified then 'used' else 'expired' end, id::uuid, now(), now(), now() - p_age);
    insert into app.sends (tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, state, sid, purpose, created_at)
    values (test.id(p_store), id::uuid, test.id(p_store), id::uuid, id::uuid, '\x00', p_country, p_range, 'live', 'delivered', p_sid || id, 'sign_in', now() - p_age);
  end loop;
end
$$;
create function pg_temp.tick() returns text language plpgsql as $$
begin
  delete from app.roll_ups where name like '% again';
  perform test.system();
  perform jobs.conversions_roll_up() from generate_series(1, 7);  -- a round takes ten minutes of texts at most
  perform api.jobs_tick();
  return (select string_agg(replace(replace(key, test.id('alpha')::text, 'alpha'), test.id('beta')::text, 'beta') || ' ' || state || ' ' || level, ', ' order by key) from app.breakers where state <> 'closed');
end
$$;
create function pg_temp.fresh() returns void language plpgsql as $$
begin
  delete from app.sends; delete from app.challenges; delete from app.conversions; delete from app.country_days; delete from app.probes; delete from app.roll_ups; delete from app.breakers; delete from app.stops; delete from app.velocity; delete from app.spent_countries;
  insert into app.breakers (key, sent, verified, usual) values ('country US', 1000, 1000, 0), ('tenant_country ' || test.id('alpha') || ' US', 1000, 1000, 1000), ('tenant_country ' || test.id('beta') || ' US', 1000, 1000, 1000), ('tenant ' || test.id('alpha'), 1000, 1000, 0);
end
$$;

-- fast: no history, none of 8 answered
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 7, 0) \g /dev/null
select is(pg_temp.tick(), null, 'none of 7 answered: too few to tell');
select pg_temp.history('alpha', 'r1', 1, 0, '9 minutes 58 seconds') \g /dev/null
select is(pg_temp.tick(), null, 'the eighth is not ten minutes old');
select test.pass('3 seconds') \g /dev/null
select is(pg_temp.tick(), 'range r1 open 0', 'none of 8: open');
select is((select until - opened_at from app.breakers where key = 'range r1'), interval '30 minutes', 'for half an hour');
select is((r).code, 'breaker_open', 'no text to that range') || E'\n' || is((r).body->>'reason', 'range', 'why') || E'\n' || is((r).body->>'retry_after', '1800', 'until when') from (select test.ask('alpha', 'a1', p_range => 'r1') r offset 0) x;
select is(test.asked('alpha', 'a2', p_range => 'r2'), 'sent', 'but to another');
-- one answer of 8, or a history: no fast opening
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 8, 1) \g /dev/null
select is(pg_temp.tick(), null, 'one of 8 answered');
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 19, 0) \g /dev/null
insert into app.breakers (key, sent, verified) values ('range r1', 20, 20);
select is(pg_temp.tick(), null, 'none of 19 where 20 were answered before');
select pg_temp.history('alpha', 'r1', 1, 0, '12 minutes') \g /dev/null
update app.roll_ups set up_to = now() - interval '13 minutes' where name = 'conversions';
select is(pg_temp.tick(), 'range r1 open 0', 'none of 20');
-- normal: at most 4 of 20
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 20, 4), pg_temp.history('alpha', 'r2', 20, 5), pg_temp.history('alpha', 'r3', 19, 2), pg_temp.history('alpha', 'good', 40, 35) \g /dev/null
select is(pg_temp.tick(), 'range r1 open 0', '4 of 20 open, 5 of 20 do not, 2 of 19 are too few');
-- what the provider never took tells nothing
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 30, 0, p_sid => null) \g /dev/null
select is(pg_temp.tick(), null, 'a provider that is down opens nothing');
-- older than an hour
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 30, 0, '71 minutes') \g /dev/null
select is(pg_temp.tick(), null, 'what is older than the window does not count');

-- an attack on one range closes neither store nor country
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 200, 0), pg_temp.history('alpha', 'r2', 10, 8), pg_temp.history('beta', 'r3', 10, 8) \g /dev/null
select is(pg_temp.tick(), 'range r1 open 0', '200 unanswered in one range: that range');
-- spread over ranges: the store in that country
select pg_temp.fresh() \g /dev/null
select pg_temp.history('alpha', 'w' || n, 2, 0), pg_temp.history('beta', 'b', 2, 2) from generate_series(1, 12) n \g /dev/null
select is(pg_temp.tick(), 'tenant_country alpha US open 0', 'two each in twelve ranges: that store in that country');
select is(test.asked('beta', 'c1'), 'sent', 'another store sends on') || E'\n' || is(test.asked('alpha', 'c2'), 'breaker_open tenant_country', 'that one does not');
select is((api.session_read(null)).body->'texts'->>'reason', 'breaker', 'its panel knows why') || E'\n' || is((api.session_read(null)).body->'texts'->>'until', app.time(now() + interval '30 minutes'), 'and until when');
select is((select detail->>'country' from app.events where kind = 'breaker_opened'), 'US', 'it stands in the audit trail');
-- over countries: the store
select pg_temp.fresh() \g /dev/null
select pg_temp.history('alpha', 'w' || n, 4, 0, p_country => (array['US', 'CA', 'FR', 'NL', 'BE'])[n]) from generate_series(1, 5) n \g /dev/null
select is(pg_temp.tick(), 'tenant alpha open 0', 'four each in five countries: that store');
select is(test.asked('alpha', 'd1'), 'breaker_open tenant', 'it sends nothing');
-- over stores: the country, and the platform only when five had a part
select pg_temp.fresh() \g /dev/null
select test.store('store' || n) from generate_series(1, 5) n \g /dev/null
select pg_temp.history('store' || n, 'w' || n || m, 1, 0) from generate_series(1, 5) n, generate_series(1, 4) m \g /dev/null
select is(pg_temp.tick(), 'country US open 0', 'four each of five stores in one country: that country');
select pg_temp.fresh() \g /dev/null
select pg_temp.history('store' || n, 'w' || n || m, 1, 0, p_country => (array['US', 'CA', 'FR', 'NL'])[m]) from generate_series(1, 4) n, generate_series(1, 4) m \g /dev/null
select pg_temp.history('store' || n, 'x' || n, 1, 0, p_country => 'MX') from generate_series(1, 4) n \g /dev/null
select is(pg_temp.tick(), null, 'twenty of four stores over five countries: not the platform');
select pg_temp.fresh() \g /dev/null
select pg_temp.history('store' || n, 'w' || n || m, 1, 0, p_country => (array['US', 'CA', 'FR', 'NL'])[m]) from generate_series(1, 5) n, generate_series(1, 4) m \g /dev/null
select is(pg_temp.tick(), 'platform open 0', 'twenty of five stores: the platform');
select is(test.asked('beta', 'e1'), 'breaker_open platform', 'nobody sends');

-- half open: three probes in ten minutes; two answers close, six without them open again for longer
select pg_temp.fresh(), pg_temp.history('alpha', 'r1', 8, 0), pg_temp.tick() \g /dev/null
select test.pass('29 minutes 59 seconds') \g /dev/null
select is(test.asked('alpha', 'f1', p_range => 'r1'), 'breaker_open range', 'a second before its time');
select test.pass('1 second') \g /dev/null
select is(test.asked('alpha', 'f2', p_range => 'r1'), 'sent', 'then a first probe');
select is((select state from app.breakers where key = 'range r1'), 'half_open', 'half open');
select is(test.asked('alpha', 'f3', p_range => 'r1'), 'sent', 'a second') || E'\n' || is(test.asked('alpha', 'f4', p_range => 'r1'), 'sent', 'a third') || E'\n' || is((test.ask('alpha', 'f5', p_range => 'r1')).body->>'retry_after', '600', 'not a fourth within ten minutes');
select is(pg_temp.tick(), 'range r1 half_open 0', 'nobody has answered yet');
update app.challenges set state = 'used', code_sealed = null where challenge_id = test.id('f2');
select is(pg_temp.tick(), 'range r1 half_open 0', 'one answer is not enough');
update app.challenges set state = 'used', code_sealed = null where challenge_id = test.id('f3');
select is(pg_temp.tick(), null, 'two close it, at once');
select is(test.asked('alpha', 'f6', p_range => 'r1'), 'sent', 'texts go out') ;
select is(pg_temp.tick(), null, 'what was before its closing does not count again');
create function pg_temp.again(p_text text) returns text language plpgsql as $$
begin
  delete from app.velocity;
  perform test.asked('alpha', p_text || n, p_range => 'r1') from generate_series(1, 3) n;
  perform test.pass('10 minutes'), test.asked('alpha', p_text || n, p_range => 'r1') from generate_series(4, 4) n;
  perform test.asked('alpha', p_text || n, p_range => 'r1') from generate_series(5, 6) n;
  update app.sends set sid = 'SM' || send_id where range = 'r1';
  perform test.pass('10 minutes 2 seconds');
  return pg_temp.tick();
end
$$;
select pg_temp.history('alpha', 'r1', 8, 0, '30 seconds'), test.pass('11 minutes') \g /dev/null
update app.breakers set closed_at = now() - interval '13 minutes', verified = 0 where key = 'range r1';
delete from app.sends where send_id in (test.id('f2 send'), test.id('f3 send'), test.id('f4 send'), test.id('f6 send'));
select is(pg_temp.tick(), 'range r1 open 1', 'when it opens again within two weeks it is for longer');
select is((select until - opened_at from app.breakers where key = 'range r1'), interval '2 hours', 'for two hours');
select test.pass('2 hours') \g /dev/null
select is(pg_temp.again('g1'), 'range r1 open 2', 'six probes that nobody answered: open again');
select is((select until - opened_at from app.breakers where key = 'range r1'), interval '12 hours', 'for twelve hours');
select test.pass('12 hours') \g /dev/null
select is(pg_temp.again('g2'), 'range r1 open 3', 'and again');
select is((select until - opened_at from app.breakers where key = 'range r1'), interval '7 days', 'for a week');
select test.pass('7 days') \g /dev/null
select is(pg_temp.again('g3'), 'range r1 open 3', 'and again');
select is((select until - opened_at from app.breakers where key = 'range r1'), interval '7 days', 'for a week at most');

-- without a history: at most 20 in ten minutes, of a country and of a store in it
select pg_temp.fresh() \g /dev/null
update app.breakers set verified = 19 where key like 'tenant_country%';
select is((select string_agg(distinct test.asked('alpha', 'h' || n), ',') from generate_series(1, 20) n), 'sent', '20 texts of a store that has 19 answered ones') || E'\n' || is(test.asked('alpha', 'h21'), 'breaker_open immature_country', 'not a twenty-first') || E'\n' || is((test.ask('alpha', 'h22')).body->>'retry_after', '600', 'for ten minutes')
    || E'\n' || is(test.asked('beta', 'h23'), 'sent', 'another store sends');
update app.breakers set verified = 20 where key like 'tenant_country%';
select is(test.asked('alpha', 'h24'), 'sent', 'with 20 answered it may');
update app.breakers set verified = 19 where key = 'country US';
select is((select string_agg(distinct test.asked(case when n % 2 = 0 then 'alpha' else 'beta' end, 'i' || n), ',') from generate_series(1, 20) n), 'sent', '20 texts of all stores to a country that nobody knows') || E'\n' || is(test.asked('alpha', 'i21'), 'breaker_open immature_country', 'not a twenty-first');
select test.pass('10 minutes') \g /dev/null
select is(test.asked('alpha', 'i22'), 'sent', 'ten minutes later');
-- where the limit of the range is only recorded, the bound holds
select pg_temp.fresh() \g /dev/null
update app.tenant_limits set shadow = '{range}';
select is((select string_agg(distinct test.asked('alpha', 'j' || n, p_range => 'rj'), ',') from generate_series(1, 26) n), 'sent', 'range in shadow') || E'\n' || is(test.asked('alpha', 'j27', p_range => 'rj'), 'breaker_open immature_range', 'is bounded all the same');

-- what is usual: the median of the days with texts of the last two weeks
select pg_temp.fresh() \g /dev/null
insert into app.country_days (tenant_id, country, day, sends) select test.id('alpha'), 'US', (now() at time zone 'utc')::date - d, n from (values (0, 500), (1, 4), (2, 9), (14, 30), (15, 99)) v (d, n);
select pg_temp.tick() \g /dev/null
select is((select usual from app.breakers where key = 'tenant_country ' || test.id('alpha') || ' US'), 9, '4, 9 and 30 texts a day: 9 are usual; neither today nor what is older counts');
update app.country_days set sends = 40 where sends = 9;
select pg_temp.tick() \g /dev/null
select is((select usual from app.breakers where key = 'tenant_country ' || test.id('alpha') || ' US'), 9, 'it is reckoned once a day');
select is((select count(*) from app.country_days where sends = 99), 0::bigint, 'old days go');
delete from app.roll_ups where name = 'conversions';
select pg_temp.history('alpha', 'r', 5, 3) \g /dev/null
select pg_temp.tick() \g /dev/null
select is((select sends from app.country_days where day = (now() at time zone 'utc')::date), 505, 'texts are added up when they are ten minutes old');
-- usage by day: texts are rolled up when they are two days old, and counted once before and after
select pg_temp.fresh() \g /dev/null
delete from app.usage;
select pg_temp.history('alpha', 'r', n, 1, make_interval(days => d)) from (values (1, 4), (3, 9), (5, 30), (20, 99)) v (d, n) \g /dev/null
select pg_temp.tick() from generate_series(1, 60) \g /dev/null
select is((select string_agg(format('%s %s %s', (now() at time zone 'utc')::date - day, sends, verified), ', ' order by day desc) from app.usage), '3 9 1, 5 30 1, 20 99 1', 'days are rolled up when they are two days old');
select cmp_ok((select up_to from app.roll_ups where name = 'usage'), '>', now() - interval '3 days 1 hour', 'up to the last of them');
select is((select sum(sends) from app.usage_days(test.id('alpha'), (now() - interval '30 days')::date, (now() + interval '1 day')::date)), 142::numeric, 'every text is counted once');
-- alerts at 50, 80, 100 %, once each
delete from app.tenant_limits;
delete from app.spent;
insert into app.spent values (test.id('alpha'), now(), 0, date_trunc('day', now(), 'UTC'), 24999999, 1, date_trunc('month', now(), 'UTC'), 24999999);
create function pg_temp.alerts() returns text language plpgsql as $$
begin
  perform pg_temp.tick();
  return (select string_agg(kind, ' ' order by kind) from app.events where tenant_id = test.id('alpha') and kind like 'budget%');
end
$$;
create function pg_temp.alert(p_day bigint, p_month bigint) returns text language plpgsql as $$
begin
  update app.spent set day_micros = p_day, month_micros = p_month;
  return pg_temp.alerts();
end
$$;
select is(pg_temp.alerts(), null, 'below half of 50 dollars') || E'\n' || is(pg_temp.alert(25000000, 25000000), 'budget_50', 'at half') || E'\n' || is(pg_temp.alert(26000000, 26000000), 'budget_50', 'once') || E'\n' || is(pg_temp.alert(40000000, 500000000), 'budget_50 budget_50_month budget_80', 'at 80 %, and half of the month')
    || E'\n' || is(pg_temp.alert(50000000, 500000000), 'budget_100 budget_50 budget_50_month budget_80', 'at 100 %');
-- a provider that is down is noticed
select pg_temp.fresh(), pg_temp.history('alpha', 'p', 10, 0, '1 minute') \g /dev/null
update app.sends set reason = 'provider_down', posted_at = now();
select pg_temp.tick(), test.session('alpha', 'alpha', 'alpha'), test.enter('alpha', 'alpha', 'alpha') \g /dev/null
select is((api.session_read(null)).body->'texts'->>'reason', 'provider_down', 'the panel offers other methods first');
select * from finish();
rollback;
