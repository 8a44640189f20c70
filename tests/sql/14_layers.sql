-- Goal: every layer of the send decision refuses at its exact bound, in order, says why and until when, spends nothing; in shadow it only records; kill switches hold at once (security.md d.2).
begin;
select no_plan();
select test.store('alpha') \g /dev/null
create function pg_temp.limits(p_sets text) returns void language plpgsql as $$
begin
  execute 'update app.tenant_limits set ' || p_sets;
end
$$;
create function pg_temp.spent() returns text language sql as $$ select format('%s %s %s %s', hour_micros, day_micros, day_sends, month_micros) from app.spent where tenant_id = test.id('alpha') $$;
select is((select price_micros::bigint from app.prices where country = 'US'), 20000::bigint, 'a text to the US costs 0.02 before the first synchronisation');
select cmp_ok((select count(*) from app.prices), '>=', 250::bigint, 'every country has a price');

-- a text reserves its money
select is(test.asked('alpha', 'a1'), 'sent', 'a text');
select is(pg_temp.spent(), '20000 20000 1 20000', 'is taken from hour, day and month');
select is((select format('%s %s', micros, sends) from app.spent_countries where country = 'US'), '20000 1', 'from the country''s day');
select is((select format('%s %s', hour_micros, day_micros) from app.platform_spent), '20000 20000', 'from the platform''s hour and day');
select is((select format('%s %s %s %s %s', reserved_micros, price_micros, money_state, purpose, segments) from app.sends), '20000 20000 reserved sign_in 1', 'stands in its row');
select is((select format('%s %s %s %s', kind, micros, country, purpose) from app.ledger_entries), 'reserved 20000 US sign_in', 'and in the ledger');
select is(test.asked('alpha', 'a2', p_segments => 3), 'sent', 'a text of three segments');
select is(pg_temp.spent(), '80000 80000 2 80000', 'costs three times as much');

-- stop: the kill switches
create function pg_temp.stop(p_scope text, p_stopped boolean, p_country text default null) returns text language plpgsql as $$
begin
  perform test.platform();
  return (select coalesce(s.code, s.body->>'stopped') from api.stop_set(p_scope, p_country, case when p_scope = 'tenant' then test.id('alpha') end, p_stopped, 'a test') s);
end
$$;
create function pg_temp.refused(p_id text) returns text language plpgsql as $$
begin
  return (select detail->>'code' from app.events where kind = 'send_refused' and user_id = test.id(p_id || ' person'));
end
$$;
select test.platform_key() \g /dev/null
select is(pg_temp.stop(scope, true, country), 'true', scope || ' stopped') || E'\n' || is(test.asked('alpha', 'b' || scope), 'texts_stopped ' || scope, 'no text')
    || E'\n' || is(pg_temp.refused('b' || scope), 'texts_stopped', 'an event')
    || E'\n' || is((api.session_read(null)).body->'texts'->>'reason', 'stopped', 'and the panel knows')
    || E'\n' || is(pg_temp.stop(scope, false, country), 'false', 'lifted') || E'\n' || is(test.asked('alpha', 'c' || scope), 'sent', 'a text again')
    || E'\n' || is((api.session_read(null)).body->'texts'->>'available', 'true', 'and the panel knows')
  from (values ('platform', null), ('country', 'US'), ('tenant', null)) v (scope, country);
select is((r).body->>'retry_after', '300', 'asked again in five minutes') || E'\n' || is((r).body->>'until', null, 'nobody knows until when') || E'\n' || is((r).body->'alternatives'->>0, 'authenticator', 'what works meanwhile')
  from (select pg_temp.stop('tenant', true), test.person('alpha', 'who'), test.authenticator('alpha', 'b3 person') from (select test.person('alpha', 'b3 person')) p offset 0) x,
       lateral (select test.phone('alpha', 'b3 person', 'b3'), test.session('alpha', 'b3 person', 'b3'), test.enter('alpha', 'b3 person', 'b3') offset 0) y, lateral (select test.send('second_step_send_code', 'b3', 'b3 send') r offset 0) z;
select pg_temp.stop('tenant', false) \g /dev/null
select is(pg_temp.stop('country', true, 'DE'), 'true', 'another country stopped') || E'\n' || is(test.asked('alpha', 'b4'), 'sent', 'stops nothing here');
insert into app.country_limits (tenant_id, country, stopped) values (test.id('alpha'), 'US', true);
select is(test.asked('alpha', 'b5'), 'texts_stopped tenant_country', 'a country of one store');
delete from app.country_limits;
select is(pg_temp.stop(v.scope, true, v.country), v.code, 'not a switch: ' || coalesce(v.scope, 'null')) from (values ('planet', null, 'body_invalid'), (null, null, 'body_invalid'), ('country', 'XQ', 'body_invalid'), ('country', null, 'body_invalid')) v (scope, country, code);
select is((select json_array_length(body->'items') from (select test.platform()) p, api.stop_list()), 1, 'the thrown ones are listed');

-- geo
select is(test.asked('alpha', 'd1', p_country => 'CA'), 'country_not_allowed tenant', 'a country that the store does not have');
update app.platform_limits set denied_countries = '{US}';
select is(test.asked('alpha', 'd2'), 'country_not_allowed platform', 'one that the platform denies');
update app.platform_limits set denied_countries = '{}';

-- price: at the bound, and one above
select pg_temp.limits('max_price_micros = 20000') \g /dev/null
select is(test.asked('alpha', 'e1'), 'sent', 'a text at the most that one may cost') || E'\n' || is(test.asked('alpha', 'e2', p_segments => 2), 'price_too_high max_price', 'two segments cost too much');
select pg_temp.limits('max_price_micros = 19999') \g /dev/null
select is(test.asked('alpha', 'e3'), 'price_too_high max_price', 'a millionth too much');
select pg_temp.limits('max_price_micros = null') \g /dev/null
update app.tenants set sms_countries = '{US,DE,GB}';
select is(test.asked('alpha', 'e4', p_country => 'DE'), 'texts_stopped country', 'stop comes before price');
select pg_temp.stop('country', false, 'DE') \g /dev/null
select is(test.asked('alpha', 'e5', p_country => 'DE'), 'price_too_high max_price', '0.11 is more than 0.10');
update app.tenants set country = 'DE';
select is(test.asked('alpha', 'e6', p_country => 'DE'), 'sent', 'but a store may text its own country');
update app.tenants set country = 'US';
delete from app.prices where country = 'GB';
select is(test.asked('alpha', 'e7', p_country => 'GB'), 'price_too_high unknown', 'a price that nobody knows');

-- suppression
insert into app.suppressions (platform_index, reason, strikes, until) values (test.hash('f1 number'), 'opted_out', array[now()], now() + interval '30 days'), (test.hash('f2 number'), 'landline', array[now()], now() + interval '1 day');
select is((r).code, 'number_suppressed', 'a number that said STOP') || E'\n' || is((r).body->>'reason', 'opted_out', 'why') || E'\n' || is((r).body->>'way_back', 'text_start', 'the way back') || E'\n' || is((r).body->>'until', app.time(now() + interval '30 days'), 'until when') from (select test.ask('alpha', 'f1') r offset 0) x;
select is((test.ask('alpha', 'f2')).body->>'way_back', 'other_number', 'a landline: another number');
select test.system() \g /dev/null
select is((api.number_opted_in(test.hash('f1 number'))).status, 204, 'START');
select is((select count(*) from app.suppressions), 1::bigint, 'takes STOP back');

-- country_day: max(20, 3 × what is usual)
update app.breakers set usual = 7 where key like 'tenant_country%US';
update app.spent_countries set sends = 20 where country = 'US';
select is(test.asked('alpha', 'g1'), 'sent', 'text 21 of 3 × 7 today');
select is((r).code, 'limit_country', 'text 22') || E'\n' || is((r).body->>'until', app.time(date_trunc('day', now(), 'UTC') + interval '1 day'), 'until tomorrow') || E'\n' || is((r).body->>'layer', 'country_day', 'by name') from (select test.ask('alpha', 'g2') r offset 0) x;
update app.breakers set usual = 6 where key like 'tenant_country%US';
update app.spent_countries set sends = 19 where country = 'US';
select is(test.asked('alpha', 'g3'), 'sent', 'but 20 always') || E'\n' || is(test.asked('alpha', 'g4'), 'limit_country country_day', 'and no more');
update app.spent_countries set day_start = day_start - interval '1 day' where country = 'US';
select is(test.asked('alpha', 'g5'), 'sent', 'the next day');
select is((select sends from app.spent_countries where country = 'US'), 1, 'counts anew');
update app.breakers set usual = 1000;

-- ramp: 20 texts a day for 3 days, 200 until 14
select pg_temp.limits('ramp_lifted_reason = null') \g /dev/null
create function pg_temp.ramp(p_age interval, p_sends integer, p_id text) returns text language plpgsql as $$
begin
  update app.tenants set created_at = now() - p_age;
  update app.spent set day_sends = p_sends;
  return test.asked('alpha', p_id);
end
$$;
select is(pg_temp.ramp('0 days', 19, 'h1'), 'sent', 'day one, text 20') || E'\n' || is(pg_temp.ramp('3 days' - interval '1 second', 20, 'h2'), 'limit_ramp ramp', 'nearly three days old, text 21')
    || E'\n' || is(pg_temp.ramp('3 days', 20, 'h3'), 'sent', 'three days old, text 21') || E'\n' || is(pg_temp.ramp('3 days', 199, 'h4'), 'sent', 'text 200') || E'\n' || is(pg_temp.ramp('14 days' - interval '1 second', 200, 'h5'), 'limit_ramp ramp', 'text 201')
    || E'\n' || is((api.session_read(null)).body->'texts'->>'reason', 'money', 'the panel knows') || E'\n' || is(pg_temp.ramp('14 days', 200, 'h6'), 'sent', 'two weeks old');
select pg_temp.limits('ramp_lifted_reason = ''a big store moves in''') \g /dev/null
select is(pg_temp.ramp('0 days', 5000, 'h7'), 'sent', 'lifted with a reason');
delete from app.stops;

-- money: hour (a quarter of the day), day, month, country; the reserve; the platform
create function pg_temp.at(p_hour bigint, p_day bigint, p_month bigint, p_id text, p_set_up boolean default false) returns text language plpgsql as $$
begin
  update app.spent set hour_micros = p_hour, day_micros = p_day, month_micros = p_month;
  return test.asked('alpha', p_id, p_set_up);
end
$$;
select pg_temp.limits('day_micros = 1000000, month_micros = 2000000') \g /dev/null
select is(pg_temp.at(230000, 230000, 230000, 'i1'), 'sent', 'the last text of the hour') || E'\n' || is(pg_temp.at(230001, 230001, 230001, 'i2'), 'limit_money hour', 'a millionth too little');
select is((r).body->>'until', app.time(date_trunc('hour', now()) + interval '1 hour'), 'until the hour turns') || E'\n' || is((r).body->>'retry_after', app.seconds_until(date_trunc('hour', now()) + interval '1 hour')::text, 'in seconds, too') from (select test.ask('alpha', 'i3') r offset 0) x;
select is((api.session_read(null)).body->'texts'->>'until', app.time(date_trunc('hour', now()) + interval '1 hour'), 'the panel says when texts return') || E'\n' || is((api.profile_read(null)).body->'texts'->>'reason', 'money', 'and why');
select is(pg_temp.at(0, 980000, 980000, 'i4'), 'sent', 'the last text of the day') || E'\n' || is(pg_temp.at(0, 980001, 980001, 'i5'), 'limit_money day', 'a millionth too little') || E'\n' || is(pg_temp.at(0, 980001, 980001, 'i5b'), 'limit_money day', 'again');
select is((select count(*) from app.events where kind = 'budget_100'), 1::bigint, 'the owner is told once that the day is used up');
select is(pg_temp.at(0, 0, 1980000, 'i6'), 'sent', 'the last text of the month') || E'\n' || is(pg_temp.at(0, 0, 1980001, 'i7'), 'limit_money month', 'a millionth too little');
select is(pg_temp.at(180000, 180000, 180000, 'j1', true), 'sent', 'set-up may use 80 % of the hour') || E'\n' || is(pg_temp.at(180001, 180001, 180001, 'j2', true), 'limit_money reserve', 'and no more')
    || E'\n' || is(pg_temp.at(180001, 180001, 180001, 'j3'), 'sent', 'which is kept for sign-in') || E'\n' || is(pg_temp.at(0, 780000, 780000, 'j4', true), 'sent', '80 % of the day') || E'\n' || is(pg_temp.at(0, 780001, 780001, 'j5', true), 'limit_money reserve', 'and no more')
    || E'\n' || is(pg_temp.at(0, 0, 1580000, 'j6', true), 'sent', 'of the month') || E'\n' || is(pg_temp.at(0, 0, 1580001, 'j7', true), 'limit_money reserve', 'and no more') || E'\n' || is(pg_temp.at(0, 990000, 990000, 'j8', true), 'limit_money day', 'where nobody could send it is not the reserve');
insert into app.country_limits (tenant_id, country, day_micros) values (test.id('alpha'), 'US', 100000);
update app.spent_countries set micros = 80000;
select is(pg_temp.at(0, 0, 0, 'k1'), 'sent', 'the last text of the country''s day') || E'\n' || is(pg_temp.at(0, 0, 0, 'k2'), 'limit_money country_day', 'no more');
select is((select micros from app.spent_countries where country = 'US'), 100000::bigint, 'and nothing is counted');
delete from app.country_limits;
update app.platform_limits set hour_micros = 1000000, day_micros = 1000000;
create function pg_temp.platform(p_hour bigint, p_day bigint, p_id text, p_set_up boolean default false) returns text language plpgsql as $$
begin
  -- in the slot of another text, so that the shares must be dealt out anew
  update app.platform_slots set hour_micros = 0, day_micros = 0;
  update app.platform_slots set hour_micros = p_hour, day_micros = p_day where slot = 7 - app.platform_slot(test.id(p_id || ' send'));
  update app.spent set hour_micros = 0, day_micros = 0, month_micros = 0;
  return test.asked('alpha', p_id, p_set_up);
end
$$;
select is(pg_temp.platform(980000, 980000, 'l1'), 'sent', 'the platform''s last text of the hour') || E'\n' || is(pg_temp.platform(980001, 0, 'l2'), 'platform_money hour', 'a millionth too little') || E'\n' || is(pg_temp.platform(0, 980001, 'l3'), 'platform_money day', 'of the day')
    || E'\n' || is(pg_temp.platform(780000, 0, 'l4', true), 'sent', 'set-up may use 80 % of it') || E'\n' || is(pg_temp.platform(780001, 0, 'l5', true), 'platform_money reserve', 'and no more') || E'\n' || is(pg_temp.spent(), '0 0 5011 0', 'a refusal by the last layer spends nothing of the others');
select is((select reason from app.stops where key = 'platform'), 'day', 'every store''s panel knows');
-- a lower cap in the middle of the hour: what is spent already counts against it, in whatever slot it is
update app.platform_slots set hour_start = '-infinity', hour_micros = 0, day_micros = 0 where slot > 0;
update app.platform_slots set hour_start = date_trunc('hour', now(), 'UTC'), hour_micros = 300000, day_micros = 300000 where slot = 0;
update app.spent set hour_micros = 0, day_micros = 0, month_micros = 0;
select test.platform() \g /dev/null
select is((api.platform_limits_change('*', '{"hour_micros":300000}')).status, 200, 'the cap is lowered to what is spent') ;
select is((select string_agg(distinct test.asked('alpha', 'low' || n), ', ') from generate_series(1, 16) n), 'platform_money hour', 'no text in any slot');
select test.platform() \g /dev/null
select is((api.platform_limits_change('*', '{"hour_micros":340000}')).status, 200, 'raised by two texts');
select is((select count(*) filter (where a = 'sent') || ' of ' || count(*) from (select test.asked('alpha', 'high' || n) a from generate_series(1, 16) n) x), '2 of 16', 'exactly two texts');
update app.platform_limits set hour_micros = 1000000000, day_micros = 1000000000;
delete from app.stops;

-- shadow: decided, recorded, not enforced; what is really spent is counted
select pg_temp.limits('shadow = app.layers()') \g /dev/null
create function pg_temp.shadowed(p_id text) returns text language sql as $$
  select string_agg(kind, ' ' order by kind) from app.events where kind like 'would%' and user_id = test.id(p_id || ' person') $$;
select is(pg_temp.at(240000, 990000, 1990000, 'm1'), 'sent', 'money in shadow') || E'\n' || is(pg_temp.shadowed('m1'), 'would_refuse_money', 'is recorded');
select is((select day_micros from app.spent), 1010000::bigint, 'and counted beyond the most');
update app.breakers set usual = 0;
update app.spent_countries set sends = 20;
select pg_temp.limits('ramp_lifted_reason = null') \g /dev/null
select is(pg_temp.at(0, 0, 0, 'm2'), 'sent', 'country_day and ramp in shadow') || E'\n' || is(pg_temp.shadowed('m2'), 'would_refuse_country_day would_refuse_ramp', 'both are recorded');
select is(test.asked('alpha', 'm3', p_country => 'FR'), 'sent', 'geo in shadow') || E'\n' || is(pg_temp.shadowed('m3'), 'would_refuse_geo would_refuse_ramp', 'is recorded');
select pg_temp.limits('max_price_micros = 1') \g /dev/null
select is(test.asked('alpha', 'm4'), 'sent', 'price in shadow') || E'\n' || is(pg_temp.shadowed('m4'), 'would_refuse_country_day would_refuse_price would_refuse_ramp', 'is recorded');
select pg_temp.limits('max_price_micros = null, ramp_lifted_reason = ''x''') \g /dev/null
update app.breakers set usual = 1000;
insert into app.velocity (scope, key, stamps) values ('phone', encode(test.hash('m5 number'), 'hex'), array_fill(now(), array[5])), ('user', test.id('alpha') || ':' || test.id('m5 person'), array_fill(now(), array[5])),
  ('address', 'm5', array_fill(now(), array[10])), ('range', 'range m5', array_fill(now(), array[20]));
select is(test.asked('alpha', 'm5'), 'sent', 'how often, in shadow') || E'\n' || is(pg_temp.shadowed('m5'), 'would_refuse_address would_refuse_phone would_refuse_range would_refuse_user', 'all four are recorded');
select is((select string_agg(scope || ' ' || cardinality(stamps), ', ' order by scope) from app.velocity where key in (encode(test.hash('m5 number'), 'hex'), 'm5', 'range m5') and scope <> 'address_numbers'), 'address 10, phone 5, range 20', 'their windows hold what they let through');
insert into app.breakers (key, state, until) values ('range range m6', 'open', now() + interval '1 hour');
select is(test.asked('alpha', 'm6'), 'sent', 'an open breaker in shadow') || E'\n' || is(pg_temp.shadowed('m6'), 'would_refuse_breaker_range', 'is recorded');
select pg_temp.stop('tenant', true) \g /dev/null
select is(test.asked('alpha', 'm7'), 'texts_stopped tenant', 'a kill switch has no shadow');
select pg_temp.stop('tenant', false) \g /dev/null
insert into app.suppressions (platform_index, reason, strikes, until) values (test.hash('m8 number'), 'opted_out', array[now()], now() + interval '30 days');
select is(test.asked('alpha', 'm8'), 'number_suppressed opted_out', 'nor has STOP');
update app.platform_slots set hour_micros = 1000000000;
select is(test.asked('alpha', 'm9'), 'platform_money hour', 'nor what the platform has left');

-- a test session costs nothing
update app.sessions set mode = 'test';
select test.store('tests'), test.person('tests', 'tom'), test.phone('tests', 'tom', 'tom'), test.session('tests', 'tom', 'tom') \g /dev/null
update app.sessions set mode = 'test';
update app.tenant_limits set day_micros = 0 where tenant_id = test.id('tests');
select test.enter('tests', 'tom', 'tom') \g /dev/null
select is((test.send('second_step_send_code', 'n1', 'n1 send')).status, 202, 'a test text of a store without money');
select is((select format('%s %s', price_micros, coalesce(money_state::text, 'none')) from app.sends where send_id = test.id('n1 send')), '0 none', 'has no money')
    || E'\n' || is((select count(*) from app.ledger_entries where send_id = test.id('n1 send')), 0::bigint, 'and no line');
-- a counter that is ahead of this transaction: it is decided again
update app.platform_slots set hour_micros = 0;
update app.spent set hour_start = hour_start + interval '1 hour';
select throws_ok($$ select test.ask('alpha', 'o1') $$, '40001', null, 'a decision at the turn of the hour is made again');
select * from finish();
rollback;
