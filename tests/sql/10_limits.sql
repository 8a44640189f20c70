-- Goal: every sending limit at its exact bound, as a sliding window; a refusal spends nothing (product.md, The numbers).
begin;
select no_plan();
-- the windows themselves
set local app.caller = 'session';
create function pg_temp.spend(p_key text) returns integer language sql as $$ select app.spend('test', p_key, interval '1 hour', 3, interval '1 day', 5) $$;
select is(pg_temp.spend('k'), null, 'use ' || n) from generate_series(1, 3) n;
select is(pg_temp.spend('k'), 3600, 'the fourth waits an hour for the first to leave');
select is(pg_temp.spend('other'), null, 'another key has its own');
select is((select cardinality(stamps) from app.velocity where key = 'k'), 3, 'the refusal was not counted');
select test.pass('59 minutes 59 seconds') \g /dev/null
select is(pg_temp.spend('k'), 1, 'a second before');
select test.pass('1 second') \g /dev/null
select is(pg_temp.spend('k'), null, 'at one hour');
select is(pg_temp.spend('k'), null, 'and another');
select is(pg_temp.spend('k'), 82800, 'five a day: the first leaves in 23 hours');
select test.pass('22 hours 59 minutes 59 seconds') \g /dev/null
select is(pg_temp.spend('k'), 1, 'a second before');
select test.pass('1 second') \g /dev/null
select is(pg_temp.spend('k'), null, 'at one day');
select is((select cardinality(stamps) from app.velocity where key = 'k'), 3, 'old stamps are dropped');
create function pg_temp.member(p_member text) returns integer language sql as $$ select app.spend_member('test members', 'k', p_member, interval '10 minutes', 2) $$;
select is(pg_temp.member('a'), null, 'one') || E'\n' || is(pg_temp.member('a'), null, 'the same again costs nothing');
select test.pass('5 minutes') \g /dev/null
select is(pg_temp.member('b'), null, 'two different') || E'\n' || is(pg_temp.member('c'), 300, 'the third waits for the first to leave') || E'\n' || is(pg_temp.member('b'), null, 'the second may go on');
select test.pass('5 minutes') \g /dev/null
select is(pg_temp.member('c'), null, 'at ten minutes');
select is((select members from app.velocity where scope = 'test members'), array['b', 'c'], 'a has left');
select app.unpin() \g /dev/null

-- a send by name: p_store, p_user (made when new) to p_number; answered at once when p_used, so that no gap stands in the way
create function pg_temp.text(p_user text, p_number text, p_address text default '192.0.2.1', p_range text default null, p_state text default 'verified',
                             p_store text default 'alpha') returns text language plpgsql as $$
declare
  reply api.reply;
  id text := gen_random_uuid()::text;
begin
  if not exists (select from app.users where tenant_id = test.id(p_store) and user_id = test.id(p_user)) then
    perform test.person(p_store, p_user);
  end if;
  delete from app.phones where user_id = test.id(p_user);
  perform test.phone(p_store, p_user, p_number, p_state, coalesce(p_range, 'range of ' || p_number));
  delete from app.sessions where user_id = test.id(p_user);
  perform test.session(p_store, p_user, p_user || ' token');
  perform test.enter(p_store, p_user, p_user || ' token', 'launched', p_address);
  reply := test.send(case p_state when 'verified' then 'second_step_send_code' else 'phone_send_code' end, id, id || ' send');
  update app.challenges set state = 'used', code_sealed = null where challenge_id = test.id(id);
  return case when reply.status = 202 then 'sent' else reply.code || coalesce(' ' || (reply.body->>'retry_after'), '') end;
end
$$;
select test.store('alpha'), test.store('beta') \g /dev/null

-- per phone, all tenants together: 5 per hour, 10 per day
select is(pg_temp.text('u' || n, '+1 1', '10.0.0.' || n, p_store => case when n % 2 = 0 then 'alpha' else 'beta' end), 'sent', 'phone, text ' || n) from generate_series(1, 5) n;
select is(pg_temp.text('u6', '+1 1', '10.0.0.6'), 'limit_phone 3600', 'the sixth within an hour, whatever the tenant');
select is((select count(*) from app.velocity where key like '%' || test.id('u6')::text), 0::bigint, 'a refusal spends nothing of the other limits');
select is((select count(*) from app.challenges where user_id = test.id('u6')), 0::bigint, 'and starts no challenge');
select is((select detail->>'code' from app.events where kind = 'send_refused'), 'limit_phone', 'but is an event');
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('u' || n, '+1 1', '10.0.0.' || n), 'sent', 'phone, text ' || n) from generate_series(6, 10) n;
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('u11', '+1 1', '10.0.0.11'), 'limit_phone 79200', 'the eleventh of the day');
select test.pass('22 hours') \g /dev/null
select is(pg_temp.text('u11', '+1 1', '10.0.0.11'), 'sent', 'a day after the first');
-- 3 per day while unverified
select is(pg_temp.text('v' || n, '+1 2', '10.0.1.' || n, p_state => 'unverified'), 'sent', 'unverified, text ' || n) from generate_series(1, 3) n;
select is(pg_temp.text('v4', '+1 2', '10.0.1.4', p_state => 'unverified'), 'limit_phone 86400', 'the fourth of the day to an unverified phone');
select is(pg_temp.text('v5', '+1 2', '10.0.1.5'), 'sent', 'one who has verified it goes on');
select test.pass('1 day') \g /dev/null
select is(pg_temp.text('v4', '+1 2', '10.0.1.4', p_state => 'unverified'), 'sent', 'the next day');

-- per user: 5 per hour, 10 per day, 3 different numbers per day
select is(pg_temp.text('w', '+1 3' || n % 2, '10.0.2.' || n), 'sent', 'user, text ' || n) from generate_series(1, 5) n;
select is(pg_temp.text('w', '+1 31', '10.0.2.6'), 'limit_user 3600', 'the sixth within an hour');
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('w', '+1 3' || n % 2, '10.0.2.' || n), 'sent', 'user, text ' || n) from generate_series(6, 10) n;
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('w', '+1 32', '10.0.2.11'), 'limit_user 79200', 'the eleventh of the day');
select is(pg_temp.text('x', '+1 4' || n, '10.0.3.' || n), 'sent', 'user, number ' || n) from generate_series(1, 3) n;
select is(pg_temp.text('x', '+1 44', '10.0.3.4'), 'limit_user 86400', 'the fourth number of the day');
select is(pg_temp.text('x', '+1 41', '10.0.3.5'), 'sent', 'one of the three again');

-- per browser address: 10 per hour, 30 per day, 5 different numbers per hour
select is(pg_temp.text('y' || n, '+1 5' || n, '10.1.0.1'), 'sent', 'address, number ' || n) from generate_series(1, 5) n;
select is(pg_temp.text('y6', '+1 56', '10.1.0.1'), 'limit_address 3600', 'the sixth number within an hour');
select is(pg_temp.text('y' || n, '+1 5' || n, '10.1.0.1'), 'sent', 'address, text ' || n + 5) from generate_series(1, 5) n;
select is(pg_temp.text('y1', '+1 51', '10.1.0.1'), 'limit_address 3600', 'the eleventh text within an hour');
select is(pg_temp.text('y1', '+1 51', '2001:db8::/64'), 'sent', 'another address');
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('z' || n % 5, '+1 6' || n % 5, '10.1.0.1'), 'sent', 'address, text ' || n + 10) from generate_series(1, 10) n;
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('za' || n % 5, '+1 7' || n % 5, '10.1.0.1'), 'sent', 'address, text ' || n + 20) from generate_series(1, 10) n;
select test.pass('1 hour') \g /dev/null
select is(pg_temp.text('y1', '+1 51', '10.1.0.1'), 'limit_address 75600', 'the thirty-first of the day');

-- per number range: 6 numbers per 10 minutes and 20 texts per hour, until it has 20 verified sign-ins
select is(pg_temp.text('r' || n, '+1 8' || n, '10.2.0.' || n, 'r1'), 'sent', 'range, number ' || n) from generate_series(1, 6) n;
select is(pg_temp.text('r7', '+1 87', '10.2.0.7', 'r1'), 'limit_range 600', 'the seventh number within 10 minutes');
select test.pass('10 minutes') \g /dev/null
select is(pg_temp.text('r' || n, '+1 8' || n, '10.2.0.' || n, 'r1'), 'sent', 'range, number ' || n) from generate_series(7, 12) n;
select test.pass('10 minutes') \g /dev/null
select is(pg_temp.text('r' || n, '+1 8' || n, '10.2.0.' || n, 'r1'), 'sent', 'range, number ' || n) from generate_series(13, 18) n;
select test.pass('10 minutes') \g /dev/null
select is(pg_temp.text('r' || n, '+1 8' || n, '10.2.0.' || n, 'r1'), 'sent', 'range, text ' || n) from generate_series(19, 20) n;
select is(pg_temp.text('r21', '+1 821', '10.2.0.21', 'r1'), 'limit_range 1800', 'the twenty-first text within an hour');
select is(pg_temp.text('r22', '+1 822', '10.2.0.22', 'r2'), 'sent', 'another range');
insert into app.ranges (range, verified) values ('r1', 19) on conflict on constraint ranges_pk do update set verified = 19;
select is(pg_temp.text('r21', '+1 821', '10.2.0.21', 'r1'), 'limit_range 1800', 'with 19 verified sign-ins');
update app.ranges set verified = 20 where range = 'r1';
select is(pg_temp.text('r21', '+1 821', '10.2.0.21', 'r1'), 'sent', 'with 20');

-- countries
update app.tenants set sms_countries = '{DE}' where tenant_id = test.id('beta');
select is(pg_temp.text('c1', '+1 91', '10.3.0.1', p_store => 'beta'), 'country_not_allowed', 'a country that the tenant does not allow');
update app.tenants set sms_countries = '{DE,US}' where tenant_id = test.id('beta');
select is(pg_temp.text('c1', '+1 91', '10.3.0.1', p_store => 'beta'), 'sent', 'one that it does');

-- what else works is said
select test.authenticator('beta', 'c1'), test.backup_codes('beta', 'c1', 'one') \g /dev/null
update app.velocity set stamps = array_fill(now(), array[5]) where scope = 'phone' and key = encode(test.hash('+1 91'), 'hex');
select is((test.send('second_step_send_code', 'cz', 'sz')).body->>'alternatives', '["authenticator","backup_code"]', 'a refusal names the other ways');
-- no limit's refusal left anything behind, and every text has its rows
select is((select count(*) from app.sends), (select count(*) from app.challenges), 'one text for each challenge here');
select * from finish();
rollback;
