-- Goal: many connections race for small budgets: not a millionth too much is spent, every place is taken, counters and ledger agree, nothing deadlocks.
-- Real connections, as in 18_concurrency.sql; this file commits and works in stores of its own.
select no_plan();
\set QUIET 1
-- People in a store, one for each connection and round, each with a phone and a session; the race asks for a text of each.
create function test.crowd(p_store text, p_connections integer, p_rounds integer) returns void language sql as $$
  select test.store(p_store);
  select test.person(p_store, p), test.phone(p_store, p, p, 'verified', p), test.session(p_store, p, p)
    from (select p_store || ' ' || r || '0' || n as p from generate_series(1, p_rounds) r, generate_series(1, p_connections) n) x;
$$;
create function test.as_crowd(p_store text, p_person text, p_function text default 'second_step_send_code') returns text language sql as $$
  select format($f$select coalesce(code, 'entered') from api.enter_session(%1$L, (lpad(right('%2$s', 8), 8, '0') || right(md5('%3$s %2$s'), 24))::uuid, sha256('%3$s %2$s'), %3$L, 'launched', md5('%3$s %2$s')::uuid, '10.9.%2$s');
    select coalesce(code || ' ' || coalesce(body->>'reason', ''), status::text) from api.%4$I(md5('c %3$s %2$s')::uuid, md5('s %3$s %2$s')::uuid, sha256('code'), '\xc0de', 1, 1)$f$,
    test.id(p_store), p_person, p_store, p_function) $$;
create function test.over(p_store text) returns text language sql as $$
  select concat_ws(' ', case when day_micros > (select day_micros from app.tenant_limits l where l.tenant_id = s.tenant_id) then 'day' end, test.money_wrong(p_store)) from app.spent s where tenant_id = test.id(p_store) $$;

-- Like test.race, with two calls: p_even on the connections of even number, p_odd on the others. Where the server would run a call again after a quarter of a second of
-- waiting, these wait longer, so that each call has one outcome.
create function test.race_two(p_connections integer, p_rounds integer, p_even text, p_odd text) returns table (outcome text, times bigint) language plpgsql as $$
declare
  answer text;
begin
  create temp table if not exists outcomes_two (outcome text);
  delete from outcomes_two;
  for n in 1..p_connections loop
    perform dblink_connect('two' || n, format('host=%s port=%s dbname=%s user=tillgate_server options=''-c lock_timeout=20s -c statement_timeout=60s''',
      (regexp_split_to_array(current_setting('unix_socket_directories'), ','))[1], current_setting('port'), current_database()));
  end loop;
  for round in 1..p_rounds loop
    for n in 1..p_connections loop
      perform dblink_send_query('two' || n, replace(replace(case when n % 2 = 0 then p_even else p_odd end, '$round', round::text), '$n', n::text));
    end loop;
    for n in 1..p_connections loop
      loop
        answer := null;
        begin
          select a into answer from dblink_get_result('two' || n) as r (a text);
        exception when others then
          answer := 'error ' || sqlstate || ' ' || sqlerrm;
        end;
        exit when answer is null;
        insert into outcomes_two select answer where answer <> 'entered';
      end loop;
    end loop;
  end loop;
  for n in 1..p_connections loop
    perform dblink_disconnect('two' || n);
  end loop;
  return query select o.outcome, count(*) from outcomes_two o group by 1 order by 1;
end
$$;

-- one store, 200 people, money for 45 texts of the hour
select test.crowd('hourly', 20, 10) \g /dev/null
update app.tenant_limits set day_micros = 3600000 + 79999 where tenant_id = test.id('hourly');
create temp table hourly as select * from test.race_two(20, 10, test.as_crowd('hourly', '$round0$n'), test.as_crowd('hourly', '$round0$n'));
select is((select sum(times) from hourly where outcome like 'error%'), null, 'no error, no deadlock');
select is((select string_agg(outcome || ': ' || times, ', ' order by outcome) from hourly), '202: 45, limit_money hour: 155', 'money for 45 texts: 45 texts');
select is((select hour_micros from app.spent where tenant_id = test.id('hourly')), 900000::bigint, '45 × 0.02') || E'\n' || is(test.money_wrong('hourly'), null, 'counters and ledger agree');
select is((select count(*) from app.sends where tenant_id = test.id('hourly')), 45::bigint, '45 rows') || E'\n' || is((select count(*) from app.ledger_entries where tenant_id = test.id('hourly')), 45::bigint, '45 lines');

-- three stores race for the platform's last money, while texts are given back
update app.platform_limits set hour_micros = (select hour_micros from app.platform_spent) + 30 * 20000 + 19999;
select test.crowd('east', 20, 10), test.crowd('west', 20, 10) \g /dev/null
create temp table platform as
  select * from test.race_two(20, 10, test.as_crowd('east', '$round0$n'), test.as_crowd('west', '$round0$n'));
select is((select sum(times) from platform where outcome like '202%'), 30::numeric, 'thirty texts for both stores together');
select is((select string_agg(distinct outcome, ', ') from platform), '202, platform_money hour', 'the others learn that the platform has no money left');
select is((select hour_micros from app.platform_spent), (select (sum(micros))::bigint from app.ledger_entries), 'the platform''s counter is the sum of all ledgers');

select is((select sum(hour_most) <= max(hour_cap) from app.platform_slots), true, 'its parts never have more than the whole') || E'\n' || is((select count(*) from app.platform_slots where hour_micros > hour_most), 0::bigint, 'and none has spent more than its part');

-- sends, refusals and settlements at the same time, of texts that share country, store and platform
update app.platform_limits set hour_micros = 1000000000000;
select test.crowd('mixed', 20, 15) \g /dev/null
update app.tenant_limits set day_micros = 4 * 100 * 20000 where tenant_id = test.id('mixed');
create function test.as_mixed() returns text language sql as $$
  -- even connections send; odd ones claim a text of another round, and lose or settle it
  select replace(format($f$select 'entered' from api.enter_system(%L, md5('$round0$n')::uuid); select coalesce(max(x.o), 'nothing') from (
      select case when $n %% 4 = 1 then (select coalesce(o.code, o.status::text) from api.send_claim(s.send_id) c, api.send_outcome(s.send_id, 1, 'refused', null, 21606, null, null, 'messaging', null) o where c.status = 200)
                  else (select coalesce(o.code, o.status::text) from api.send_settle(s.send_id, 7777, 1) o) end as o
        from test.a_text('mixed', $round * 31 + $n) s) x$f$, test.id('mixed')), '%%', '%') $$;
-- a text of that store, seen from outside the functions' rights
create function test.a_text(p_store text, p_n integer) returns table (send_id uuid) language sql security definer as $$
  select s.send_id from app.sends s where s.tenant_id = test.id(p_store) order by md5(s.send_id || p_n::text) limit 1 $$;
grant usage on schema test to tillgate_server;
create temp table mixture as select * from test.race_two(20, 15, test.as_crowd('mixed', '$round0$n'), test.as_mixed());
select is((select string_agg(outcome, ', ') from mixture where outcome like 'error%'), null, 'no error, no deadlock');
select cmp_ok((select times from mixture where outcome = '202'), '>=', 50::bigint, 'texts went out') || E'\n' || is((select count(*) > 0 from app.sends where tenant_id = test.id('mixed') and money_state = 'released'), true, 'some were given back') || E'\n' || is((select count(*) > 0 from app.sends where tenant_id = test.id('mixed') and money_state = 'settled'), true, 'some were settled');
select is(test.over('mixed'), '', 'nothing overspent, counters and ledger agree');
select is((select hour_micros from app.platform_spent), (select sum(micros)::bigint from app.ledger_entries), 'the platform''s too');
-- chaining beside it all: every line once, the chain whole
begin;
select test.system() \g /dev/null
select is((select count(*)::text from app.ledger_entries), (select (api.jobs_tick()).body->'money'->>'chained'), 'all lines are chained');
commit;
select is((operator.ledger_verify(null))->>'ok', 'true', 'and the ledgers are whole');
select is((select count(*) from app.ledger_entries), 0::bigint, 'none waits');
select * from finish();
