-- Goal: limits, prices, usage and rehearsal as platform and owner see them; bad input names its field and changes nothing.
begin;
select no_plan();
select test.platform_key(), test.store('alpha') \g /dev/null
delete from app.tenant_limits; delete from app.breakers;
create function pg_temp.change(p_changes json, p_if_match text default '*') returns api.reply language plpgsql as $$
begin
  perform test.platform('alpha');
  return api.limits_change(p_if_match, p_changes);
end
$$;
-- the defaults, by status
select test.platform('alpha') \g /dev/null
select is((r).body->>'day_micros', '50000000', 'an active store has 50 dollars a day') || E'\n' || is((r).body->>'month_micros', '1000000000', 'twenty days a month') || E'\n' || is((r).body->>'hour_micros', '12500000', 'a quarter of it an hour') || E'\n' || is((r).body->>'reserve_percent', '20', 'a fifth kept for sign-in')
    || E'\n' || is((r).body->>'max_price_micros', '100000', '0.10 a text') || E'\n' || is((r).body->>'currency', 'USD', 'dollars') || E'\n' || is((r).body->>'ramp_lifted', null, 'on the ramp') || E'\n' || is((r).body->>'shadow', '[]', 'everything enforced')
    || E'\n' || is((r).body->>'spent', '{"hour" : 0, "day" : 0, "month" : 0}', 'nothing spent') || E'\n' || is((r).etag, '1', 'version 1') from (select api.limits_read() r offset 0) x;
update app.tenants set status = 'trial', country = 'DE';
select is((r).body->>'day_micros', '5000000', 'a trial 5 dollars') || E'\n' || is((r).body->>'max_price_micros', '110000', 'its own country''s price') from (select api.limits_read() r offset 0) x;
update app.tenants set status = 'active', country = 'US';
-- changed
select is((r).status, 200, 'changed') || E'\n' || is((r).etag, '2', 'version 2') || E'\n' || is((r).body->>'day_micros', '2000000', 'the day') || E'\n' || is((r).body->>'month_micros', '40000000', 'the month follows') || E'\n' || is((r).body->'countries'->0->>'country', 'DE', 'a country')
    || E'\n' || is((r).body->'countries'->0->>'day_micros', '5', 'its day') || E'\n' || is((r).body->'countries'->1->>'stopped', 'true', 'another stopped') || E'\n' || is((r).body->'ramp_lifted'->>'reason', 'moves in', 'the ramp')
  from (select pg_temp.change('{"day_micros":2000000,"countries":[{"country":"DE","day_micros":5},{"country":"FR","stopped":true}],"shadow":["money"],"ramp_lifted":{"reason":"moves in"}}', '"1"') r offset 0) x;
select is((pg_temp.change('{"month_micros":1}', '"1"')).code, 'precondition_failed', 'an old version') || E'\n' || is((pg_temp.change('{}', null)).code, 'precondition_required', 'none');
select is((r).body->>'day_micros', '2000000', 'what is not named stays') || E'\n' || is((r).body->>'shadow', '[]', 'what is named is replaced') || E'\n' || is(json_array_length((r).body->'countries'), 2, 'or stays') from (select pg_temp.change('{"shadow":[]}', '"2"') r offset 0) x;
select is((r).body->>'day_micros', '50000000', 'null is the default again') || E'\n' || is((r).body->>'ramp_lifted', null, 'the ramp holds again') from (select pg_temp.change('{"day_micros":null,"ramp_lifted":null}') r offset 0) x;
select is((select ramp_lifted_by from app.tenant_limits), null, 'by nobody');
select is((select count(*) from app.events where kind = 'limits_changed'), 3::bigint, 'every change is an event');
-- bad input, each with its field
create function pg_temp.bad(p_changes json) returns text language sql as $$
  select (r).code || ' ' || (select string_agg(e->>'pointer', ' ') from json_array_elements((r).body->'errors') e) from (select pg_temp.change(p_changes) r offset 0) x $$;
select is(pg_temp.bad(changes::json), 'body_invalid ' || pointers, changes) from (values
  ('{"day_micros":-1}', '/day_micros'), ('{"month_micros":-1}', '/month_micros'), ('{"max_price_micros":-1}', '/max_price_micros'), ('{"day_micros":1000000000001}', '/day_micros'), ('{"reserve_percent":101}', '/reserve_percent'), ('{"reserve_percent":-1}', '/reserve_percent'),
  ('{"currency":"EUR"}', '/currency'), ('{"shadow":["money","stop"]}', '/shadow/1'), ('{"shadow":["platform_money","suppression"]}', '/shadow/0 /shadow/1'), ('{"countries":[{"country":"XQ"}]}', '/countries/0/country'),
  ('{"countries":[{"country":"US"},{"country":"US"}]}', '/countries/1/country'), ('{"countries":[{"country":"US","day_micros":-1}]}', '/countries/0/day_micros'), ('{"ramp_lifted":{"reason":""}}', '/ramp_lifted/reason'),
  ('{"day_micros":-1,"currency":"EUR","countries":[{"country":"??"}]}', '/countries/0/country /currency /day_micros')) v (changes, pointers);
select is((pg_temp.change('{"currency":"USD"}')).status, 200, 'the platform''s currency may be said');
select test.platform() \g /dev/null
select is((api.limits_read()).code, 'not_found', 'no store') || E'\n' || is((api.limits_change('*', '{}')).code, 'not_found', 'none to change') || E'\n' || is((api.usage_read(null)).code, 'not_found', 'no usage') || E'\n' || is((api.usage_csv(null)).code, 'not_found', 'no csv') || E'\n' || is((api.ledger_list(1, null)).code, 'not_found', 'no ledger');

-- the platform's own
select is((r).body->>'hour_micros', '200000000', 'an hour') || E'\n' || is((r).body->>'stopped', 'false', 'not stopped') || E'\n' || is((r).etag, '1', 'version 1') from (select api.platform_limits_read() r offset 0) x;
select is((r).body->>'day_micros', '7', 'a day') || E'\n' || is((r).body->>'denied_countries', '["AF","ZW"]', 'denied countries') || E'\n' || is((r).etag, '2', 'version 2') from (select api.platform_limits_change('"1"', '{"day_micros":7,"denied_countries":["AF","ZW"]}') r offset 0) x;
select is((api.platform_limits_change('"1"', '{}')).code, 'precondition_failed', 'an old version') || E'\n' || is((api.platform_limits_change(null, '{}')).code, 'precondition_required', 'none') || E'\n' || is((api.platform_limits_change('*', '{"hour_micros":-1}')).body->'errors'->0->>'pointer', '/hour_micros', 'below zero')
    || E'\n' || is((api.platform_limits_change('*', '{"denied_countries":["US","XQ"]}')).body->'errors'->0->>'pointer', '/denied_countries/1', 'an unknown country') || E'\n' || is((api.platform_limits_change('*', '{"currency":"EUR"}')).body->'errors'->0->>'pointer', '/currency', 'another currency');
select is((api.platform_limits_change('*', '{"day_micros":1000000000,"denied_countries":[]}')).status, 200, 'and back');

-- prices
select is(operator.prices_put('EUR', '[{"country":"US","price_micros":1}]')->>'problem', '/currency', 'prices of another currency') || E'\n' || is(operator.prices_put('USD', '[{"country":"us","price_micros":1}]')->>'problem', '/prices', 'no country') || E'\n' || is(operator.prices_put('USD', '[{"country":"US","price_micros":-1}]')->>'problem', '/prices', 'below zero')
    || E'\n' || is(operator.prices_put('USD', '[{"country":"US","price_micros":7900},{"country":"US","price_micros":8300},{"country":"DE","price_micros":112000}]')->>'taken', '2', 'two countries');
select is((select format('%s %s %s', price_micros, source, synced_at = now()) from app.prices where country = 'US'), '8300 twilio t', 'the highest counts');
select is(json_array_length(operator.prices_list()->'items') >= 250, true, 'the operator lists all') || E'\n' || is(operator.currency_set('EUR')->>'currency', 'USD', 'the currency stays once prices are known') || E'\n' || is(operator.currency_set('euro')->>'problem', '/currency', 'not a currency');
select test.system() \g /dev/null
select is((api.prices_put('USD', '[{"country":"US","price_micros":20000}]')).body->>'taken', '1', 'the server may, too') || E'\n' || is((api.prices_put('GBP', '[]')).body->'errors'->0->>'pointer', '/currency', 'of its currency only');
update app.prices set source = 'builtin';
select is(operator.currency_set('EUR')->>'currency', 'EUR', 'before the first synchronisation it may be set') || E'\n' || is(operator.currency_set('USD')->>'currency', 'USD', 'and set again');

-- usage: live days and rolled up ones
insert into app.tenant_limits (tenant_id, day_micros, ramp_lifted_reason) values (test.id('alpha'), 100000000, 'old') on conflict (tenant_id) do update set day_micros = 100000000, ramp_lifted_reason = 'old';
insert into app.breakers (key, verified, usual) values ('country US', 100, 0), ('tenant_country ' || test.id('alpha') || ' US', 100, 100) on conflict (key) do update set verified = 100, usual = 100;
delete from app.country_limits;
select test.asked('alpha', 'u' || n, n = 4) from generate_series(1, 5) n \g /dev/null
select test.ended('alpha', 'u1', 'delivered'), test.ended('alpha', 'u2', 'delivered'), test.ended('alpha', 'u3', 'undelivered', 30008) \g /dev/null
update app.challenges set state = 'used', code_sealed = null where challenge_id in (test.id('u1'), test.id('u3'));
select test.system('alpha'), api.send_settle(test.id('u1 send'), 8000, 1) \g /dev/null
insert into app.usage values (test.id('alpha'), date_trunc('month', now() at time zone 'utc' - interval '1 month')::date, 'DE', 'sign_in', 'delivered', 10, 7, 1120000);
select test.platform('alpha') \g /dev/null
select is((r).body->'total'->>'sends', '5', 'five texts this month') || E'\n' || is((r).body->'total'->>'delivered', '2', 'two delivered') || E'\n' || is((r).body->'total'->>'verified', '2', 'two answered') || E'\n' || is((r).body->'total'->>'micros', '88000', 'what they cost') || E'\n' || is((r).body->'total'->>'micros_per_sign_in', '44000', 'for each sign-in')
    || E'\n' || is(json_array_length((r).body->'days'), 4, 'by country, purpose and outcome') || E'\n' || is((r).body->'days'->3->>'outcome', 'undelivered', 'the undelivered') from (select api.usage_read(null) r offset 0) x;
select is((r).body->'total'->>'micros', '1120000', 'last month, rolled up') || E'\n' || is((r).body->'total'->>'micros_per_sign_in', '160000', 'a sign-in') from (select api.usage_read(to_char(now() at time zone 'utc' - interval '1 month', 'YYYY-MM')) r offset 0) x;
select is((api.usage_read('2020-02')).body->'total'->>'sends', '0', 'a month without texts') || E'\n' || is((api.usage_read('2020-02')).body->'total'->>'micros_per_sign_in', null, 'has no price of a sign-in');
select is((api.usage_read(m)).body->'errors'->0->>'pointer', '?month', 'month ' || m) || E'\n' || is((api.usage_csv(m)).code, 'body_invalid', 'nor as csv') from unnest(array['2020-13', '2020-1', 'x', '2020-01-01', to_char(now() at time zone 'utc' + interval '1 month', 'YYYY-MM')]) m;
select is((api.usage_csv(to_char(now() at time zone 'utc' - interval '1 month', 'YYYY-MM'))).body->>'csv', E'day,country,purpose,outcome,sends,verified,micros,currency\r\n' || date_trunc('month', now() at time zone 'utc' - interval '1 month')::date || E',DE,sign_in,delivered,10,7,1120000,USD\r\n', 'for charge-back');

-- the owner's page
select test.session('alpha', 'u1 person', 'owner'), test.enter('alpha', 'u1 person', 'owner', 'signed_in') \g /dev/null
select is((api.texts_read(null)).code, 'owner_required', 'an admin is not shown it');
update app.sessions set role = 'owner' where token_hash = test.hash('owner');
select is((r).status, 200, 'the owner is') || E'\n' || is((r).body->'total'->>'sends', '5', 'totals') || E'\n' || is((r).body->'days'->0->>'micros', '88000', 'days') || E'\n' || is((r).body->'countries'->0->>'country', 'US', 'countries') || E'\n' || is((r).body->'outcomes'->0->>'outcome', 'delivered', 'outcomes')
    || E'\n' || is((r).body->'limits'->>'day_micros', '100000000', 'the most') || E'\n' || is((r).body->'spent'->>'day', '88000', 'spent today') || E'\n' || is(json_array_length((r).body->'sends'), 5, 'the last texts') || E'\n' || is((r).body->'sends'->0->>'to', '+1 ••• ••34', 'masked') from (select api.texts_read(null) r offset 0) x;
select is((api.texts_read('2999-01')).body->'errors'->0->>'pointer', '?month', 'a month that has not begun');

-- rehearsal
create function pg_temp.rehearse(p_changes json, p_key text) returns json language plpgsql as $$
declare
  reply api.reply;
begin
  perform test.platform('alpha', p_key, p_changes::text);
  reply := api.limits_rehearse(p_changes);
  return coalesce(reply.body, to_json(reply.code));
end
$$;
update app.prices set price_micros = 20000 where country = 'US';
select is((r->>'sends') || ' ' || (r->'good'->>'total') || ' ' || (r->'good'->>'blocked') || ' ' || (r->'bad'->>'total') || ' ' || (r->'bad'->>'blocked') || ' ' || (r->>'saved_micros'), '5 2 0 3 0 0', 'with the present limits nothing is blocked') from (select pg_temp.rehearse('{}', 'k1') r offset 0) x;
-- 8000 + 20000 + 20000 fit a day of 48000 (its hour is a quarter, so 192000); the reserve takes the one that sets up
select is((r->'good'->>'blocked') || ' ' || (r->'bad'->>'blocked') || ' ' || (r->>'saved_micros') || ' ' || (r->>'by_layer'), '0 2 40000 [{"layer" : "money", "reason" : "hour", "good_blocked" : 0, "bad_blocked" : 2, "saved_micros" : 40000}]', 'an hour of 48000: three pass') from (select pg_temp.rehearse('{"day_micros":192000}', 'k2') r offset 0) x;
select is((r->'by_layer'->0->>'layer') || ' ' || (r->'good'->>'blocked') || ' ' || (r->'bad'->>'blocked'), 'price 1 3', 'a cheaper text only') from (select pg_temp.rehearse('{"max_price_micros":8000}', 'k3') r offset 0) x;
select is((r->'by_layer'->0->>'layer') || ' ' || (r->>'saved_micros'), 'stop 88000', 'the country stopped') from (select pg_temp.rehearse('{"countries":[{"country":"US","stopped":true}]}', 'k4') r offset 0) x;
select is((r->'by_layer'->0->>'layer') || ' ' || (r->'by_layer'->0->>'reason') || ' ' || (r->>'saved_micros'), 'money country_day 40000', 'less for the country') from (select pg_temp.rehearse('{"countries":[{"country":"US","day_micros":48000}]}', 'k5') r offset 0) x;
select is((r->'by_layer'->0->>'layer') || ' ' || (r->'by_layer'->0->>'reason') || ' ' || (r->>'saved_micros'), 'money month 40000', 'less for the month') from (select pg_temp.rehearse('{"month_micros":48000}', 'k6') r offset 0) x;
select is(r->>'saved_micros', '0', 'money in shadow blocks nothing') from (select pg_temp.rehearse('{"day_micros":0,"shadow":["money"]}', 'k7') r offset 0) x;
select test.event('alpha', c, 'send_refused', null, jsonb_build_object('code', c, 'country', 'US', 'micros', 20000, 'purpose', 'sign_in')) from unnest(array['limit_money', 'limit_ramp', 'limit_phone']) c;
select is((r->'refused'->>'total') || ' ' || (r->'refused'->>'let_through'), '2 2', 'what money and ramp refused would pass, the rest is not money''s matter') from (select pg_temp.rehearse('{}', 'k8') r offset 0) x;
select is(pg_temp.rehearse('{"day_micros":-1}', 'k9')->'errors'->0->>'pointer', '/day_micros', 'bad input') || E'\n' || is(pg_temp.rehearse('{}', null)#>>'{}', 'idempotency_key_missing', 'a POST has a key');
select is((select count(*) from app.sends), 5::bigint, 'a rehearsal changes nothing');
select * from finish();
rollback;
