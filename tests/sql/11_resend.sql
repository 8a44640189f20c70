-- Goal: gaps of 60, 120, 300 seconds; the same code while it has two minutes left, then a new one that voids the old; never two live.
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann'), test.phone('alpha', 'ann', '+1'), test.authenticator('alpha', 'ann') \g /dev/null
create function pg_temp.send(p_name text) returns api.reply language plpgsql as $$
begin
  delete from app.sessions;
  perform test.session('alpha', 'ann', 't');
  perform test.enter('alpha', 'ann', 't');
  return test.send('second_step_send_code', p_name, p_name || ' send');
end
$$;
create function pg_temp.at(p_second integer) returns void language plpgsql as $$  -- p_second: since the last call
begin
  perform test.pass(make_interval(secs => p_second));
end
$$;
select is((r).status, 202, 'sent') || E'\n' || is((r).body->>'resend_at', app.time(now() + interval '60 seconds'), 'again after 60 s') || E'\n' || is((r).body->>'expires_at', app.time(now() + interval '300 seconds'), 'good for 300 s')
    || E'\n' || is((r).body->>'sends', '1', 'one text') || E'\n' || is((r).body->>'delivery', 'queued', 'queued') || E'\n' || is((r).body->>'tries_left', '5', 'five tries') from (select pg_temp.send('c1') r offset 0) x;
select is((r).code, 'resend_too_early', 'at once') || E'\n' || is((r).body->>'retry_after', '60', 'says when') || E'\n' || is((r).body->>'alternatives', '["authenticator"]', 'and what else') from (select pg_temp.send('c2') r offset 0) x;
select pg_temp.at(59) \g /dev/null
select is((pg_temp.send('c2')).body->>'retry_after', '1', 'at 59 s');
select is((test.verify('c1', 'wrong', 'x')).code, 'code_wrong', 'one try is used');
select pg_temp.at(1) \g /dev/null
select is((r).status, 202, 'at 60 s') || E'\n' || is((r).body->>'id', app.typeid('challenge', test.id('c1')), 'the same challenge') || E'\n' || is((r).body->>'sends', '2', 'two texts') || E'\n' || is((r).body->>'tries_left', '4', 'no new tries')
    || E'\n' || is((r).body->>'expires_at', app.time(now() + interval '240 seconds'), 'no longer life') || E'\n' || is((r).body->>'resend_at', app.time(now() + interval '120 seconds'), 'again after 120 s') from (select pg_temp.send('c2') r offset 0) x;
select is((select count(*) from app.challenges), 1::bigint, 'one challenge') || E'\n' || is((select string_agg(challenge_id::text, ',') from app.sends where send_id = test.id('c2 send')), test.id('c1')::text, 'the new text carries the old code');
select pg_temp.at(119) \g /dev/null
select is((pg_temp.send('c3')).body->>'retry_after', '1', '119 s later');
select pg_temp.at(1) \g /dev/null
select is((r).body->>'id', app.typeid('challenge', test.id('c1')), 'with exactly 2 minutes left: the same code') || E'\n' || is((r).body->>'resend_at', app.time(now() + interval '300 seconds'), 'again after 300 s') from (select pg_temp.send('c3') r offset 0) x;
select pg_temp.at(299) \g /dev/null
select is((pg_temp.send('c4')).body->>'retry_after', '1', '299 s later: the code is dead, the gap is not over');
select pg_temp.at(1) \g /dev/null
select is((r).body->>'id', app.typeid('challenge', test.id('c4')), 'then a new one') || E'\n' || is((r).body->>'tries_left', '5', 'with new tries') || E'\n' || is((r).body->>'resend_at', app.time(now() + interval '300 seconds'), 'the gap stays at 300 s')
  from (select pg_temp.send('c4') r offset 0) x;
select is((select row(state, code_sealed is null)::text from app.challenges where challenge_id = test.id('c1')), '(superseded,t)', 'it voids the old');
select is((test.verify('c1', 'c1 code', 'x')).code, 'code_expired', 'whose code is refused');

-- a right code ends the row of gaps
select is((test.verify('c4', 'c4 code', 't2')).status, 200, 'a right code');
select is((r).status, 202, 'then the next text is at once') || E'\n' || is((r).body->>'resend_at', app.time(now() + interval '60 seconds'), 'and the gaps begin anew') from (select pg_temp.send('c5') r offset 0) x;

-- what could not be delivered need not be waited for
select pg_temp.at(3600), test.system('alpha') \g /dev/null
select is((pg_temp.send('c6')).status, 202, 'sent');
select test.system('alpha') \g /dev/null
select is((api.send_claim(test.id('c6 send'))).status, 200, 'claimed') || E'\n' || is((api.send_outcome(test.id('c6 send'), 1, 'accepted', 'SM6', null, null, null, null, null)).status, 204, 'accepted');
select is((pg_temp.send('c7')).code, 'resend_too_early', 'on its way');
select test.system('alpha') \g /dev/null
select is((api.send_callback(test.id('c6 send'), 'SM6', 'undelivered', 30008, null)).status, 204, 'undelivered');
select test.enter('alpha', 'ann', 't') \g /dev/null
select is((api.challenge_read(test.id('c6'))).body->>'delivery', 'undelivered', 'the challenge says so');
select is((api.challenge_read(test.id('c6'))).body->>'resend_at', app.time(now()), 'and that it may be asked for at once');
select is((pg_temp.send('c7')).body->>'id', app.typeid('challenge', test.id('c6')), 'the gap is over, the code the same');
select is((pg_temp.send('c8')).code, 'resend_too_early', 'until this one fails, too');

-- with the last 2 minutes begun: a new code
select pg_temp.at(3600) \g /dev/null
select is((pg_temp.send('c9')).status, 202, 'sent');
update app.challenges set expires_at = now() + interval '2 minutes' - interval '1 second', resend_at = now() where challenge_id = test.id('c9');
select is((pg_temp.send('c10')).body->>'id', app.typeid('challenge', test.id('c10')), 'with 1:59 left: a new code');
-- after five wrong ones: a new code, after the gap
select test.verify('c10', 'wrong', 'x') from generate_series(1, 5) \g /dev/null
update app.users set wrong_codes = 0;
select is((pg_temp.send('c11')).code, 'resend_too_early', 'an exhausted challenge keeps its gap');
update app.challenges set resend_at = now();
select is((pg_temp.send('c11')).body->>'id', app.typeid('challenge', test.id('c11')), 'then a new one');
select is((select count(*) from app.challenges where state = 'live'), 1::bigint, 'never two live');
select throws_ok($$ insert into app.challenges select tenant_id, user_id, test.id('dup'), purpose, phone_id, platform_index, range, hint, mac, code_sealed, key_version, state, tries, sends, series, send_id,
  resend_at, created_at, expires_at, counted from app.challenges where state = 'live' $$, '23505', null, 'the index guards it');
-- the tenant's own code life
update app.tenants set code_life_seconds = 600;
select pg_temp.at(86400) \g /dev/null
select is((pg_temp.send('c12')).body->>'expires_at', app.time(now() + interval '10 minutes'), 'ten minutes, when the tenant says so');
-- challenge_read
select is((api.challenge_read(test.id('c12'))).body->>'state', 'live', 'read') || E'\n' || is((api.challenge_read(test.id('nothing'))).code, 'not_found', 'not found');
update app.challenges set expires_at = now() where challenge_id = test.id('c12');
select is((api.challenge_read(test.id('c12'))).body->>'state', 'expired', 'it is expired before any job says so');
select test.person('alpha', 'bob'), test.session('alpha', 'bob', 'b'), test.enter('alpha', 'bob', 'b') \g /dev/null
select is((api.challenge_read(test.id('c12'))).code, 'not_found', 'another user''s is unknown');
select * from finish();
rollback;
