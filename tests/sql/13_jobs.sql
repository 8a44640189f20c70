-- Goal: what is over is cleaned up, and nothing else; success is added up by range; the operator's keys.
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann'), test.phone('alpha', 'ann', '+1', p_range => 'r1'), test.session('alpha', 'ann', 't1') \g /dev/null
create function pg_temp.tick() returns json language plpgsql as $$
begin
  perform test.system();
  return (api.jobs_tick()).body;
end
$$;
create function pg_temp.left(p_table text) returns bigint language plpgsql as $$
declare n bigint;
begin
  execute format('select count(*) from app.%I', p_table) into n;
  return n;
end
$$;
select test.enter('alpha', 'ann', 't1'), (test.send('second_step_send_code', 'c1', 's1')).status, (test.verify('c1', 'c1 code', 't2')).status \g /dev/null
select is((pg_temp.tick())->>'ranges_counted', '1', 'a right code is added up');
select is((select verified from app.ranges where range = 'r1'), 1::bigint, 'for its range');
select is((pg_temp.tick())->>'ranges_counted', '0', 'once');
select is((select verified from app.ranges where range = 'r1'), 1::bigint, 'only once');
select test.enter('alpha', 'ann', 't2'), (test.send('second_step_send_code', 'c2', 's2')).status \g /dev/null
update app.challenges set expires_at = now() - interval '59 seconds' where challenge_id = test.id('c2');
select is((pg_temp.tick())->>'challenges_expired', '0', 'a challenge over for 59 s is left alone');
update app.challenges set expires_at = now() - interval '1 minute' where challenge_id = test.id('c2');
select is((pg_temp.tick())->>'challenges_expired', '1', 'over for a minute');
select is((select row(state, code_sealed)::text from app.challenges where challenge_id = test.id('c2')), '(expired,)', 'it is expired and its code gone');

-- one of each kind at the bound
insert into app.launches (tenant_id, launch_id, user_id, ticket_hash, role, mode, destination, expires_at) values (test.id('alpha'), test.id('l'), test.id('ann'), test.hash('l'), 'admin', 'live', '/', now());
insert into app.launch_tokens (tenant_id, jti_hash, expires_at) values (test.id('alpha'), test.hash('j'), now() + interval '90 seconds');
insert into app.devices (tenant_id, user_id, device_hash, device_id, name, expires_at) values (test.id('alpha'), test.id('ann'), test.hash('d'), test.id('d'), 'x', now() + interval '14 days');
select test.authenticator('alpha', 'ann', 'pending'), test.phone('alpha', 'ann', '+9', 'unverified') \g /dev/null
insert into app.idempotency (tenant_id, key_id, endpoint, idem_key, body_hash) values (test.id('alpha'), test.id('k'), 'x', 'x', '\x00');
insert into app.suppressions (platform_index, reason, strikes) values (test.hash('x'), 'unreachable', array[now()]);
create temp table bounds (name text, age interval);
insert into bounds values ('launch_tokens', '90 seconds'), ('authenticators', '10 minutes'), ('sessions', '12 hours'), ('launches', '24 hours'), ('idempotency', '24 hours'), ('velocity', '24 hours'), ('devices', '14 days'), ('phones', '30 days'), ('suppressions', '30 days'), ('challenges', '90 days');
-- what rounds at the age, and a second later, have removed of each table of that age
create function pg_temp.removed_at(p_age interval) returns text language plpgsql as $$
declare
  before json;
  removed text;
begin
  before := (select json_object_agg(name, pg_temp.left(name)) from bounds where age = p_age);
  perform test.pass(p_age);
  perform pg_temp.tick();
  removed := (select string_agg(format('%s %s', name, (before->>name)::int - pg_temp.left(name)), ', ' order by name) from bounds where age = p_age);
  perform test.pass('1 second');
  perform pg_temp.tick();
  removed := removed || '; ' || (select string_agg(format('%s %s', name, (before->>name)::int - pg_temp.left(name)), ', ' order by name) from bounds where age = p_age);
  perform test.pass(- p_age - interval '1 second');
  return removed;
end
$$;
select is(pg_temp.removed_at(age::interval), removed, 'after ' || age) from (values
  ('90 seconds', 'launch_tokens 0; launch_tokens 1'),
  ('10 minutes', 'authenticators 0; authenticators 1'),
  ('12 hours', 'sessions 0; sessions 1'),
  ('24 hours', 'idempotency 0, launches 0, velocity 0; idempotency 1, launches 1, velocity 7'),
  ('14 days', 'devices 0; devices 1'),
  ('30 days', 'phones 0, suppressions 0; phones 1, suppressions 1'),
  ('90 days', 'challenges 0; challenges 2')) v (age, removed);
select is(pg_temp.left('sends'), 0::bigint, 'texts go with their challenges');
select is(pg_temp.left('users'), 1::bigint, 'users stay') || E'\n' || is(pg_temp.left('phones'), 1::bigint, 'verified phones stay') || E'\n' || is(pg_temp.left('ranges'), 1::bigint, 'ranges stay');
select cmp_ok(pg_temp.left('events'), '>', 0::bigint, 'the audit trail stays');

-- the operator's keys, with the operator's own rights
set local role tillgate_operator;
select is(operator.platform_key_create('01890a5d-ac96-774b-bcce-b302099a8057', 'main', 'live', '\x0000000000000000000000000000000000000000000000000000000000000000', 'tgp_live_abcdef', '["tenants:read"]')->>'id', 'key_01h455vb4pex5vsknk084sn02q', 'made');
select is(json_array_length(operator.platform_key_list()->'items'), 1, 'listed') || E'\n' || is(operator.platform_key_list()->'items'->0->>'revoked_at', null, 'live');
select isnt(operator.platform_key_revoke('01890a5d-ac96-774b-bcce-b302099a8057')->>'revoked_at', null, 'revoked');
select isnt(operator.platform_key_revoke('01890a5d-ac96-774b-bcce-b302099a8057')->>'revoked_at', null, 'again');
select is(operator.platform_key_revoke('01890a5d-ac96-774b-bcce-b302099a8058')::text, null, 'one that never was');
select throws_ok('select * from app.platform_keys', '42501', null, 'the operator reads no table');
select throws_ok($$ select * from api.enter_system(null, null) $$, '42501', null, 'and is not the server');
reset role;
-- support
set local role tillgate_reader;
select lives_ok('select tenant_id, state from app.sends', 'support reads texts') || E'\n' || lives_ok('select * from app.events', 'and events');
select throws_ok('select platform_index from app.sends', '42501', null, 'no hash of a number') || E'\n' || throws_ok('select * from app.phones', '42501', null, 'no phone') || E'\n' || throws_ok('select * from app.sessions', '42501', null, 'no session');
reset role;
select * from finish();
rollback;
