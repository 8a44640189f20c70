-- Goal: one field takes any proof; every try is counted before it is compared; locks and bounds hold exactly (security.md THR-1 to THR-4, OOB-2 to OOB-6, TOTP-3, LKP-2).
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann'), test.person('alpha', 'bob') \g /dev/null
select test.phone('alpha', 'ann', '+1'), test.authenticator('alpha', 'ann'), test.backup_codes('alpha', 'ann', 'one', 'two', 'three'),
       test.phone('alpha', 'bob', '+2', p_range => '1416666'), test.session('alpha', 'bob', 'b1', 'launched') \g /dev/null
-- each round: a launched session under the given token, entered
create function pg_temp.launched(p_token text, p_name text default 'ann') returns text language plpgsql as $$
begin
  perform test.session('alpha', p_name, p_token, 'launched');
  return test.enter('alpha', p_name, p_token);
end
$$;
create function pg_temp.wrongs(p_name text default 'ann') returns text language sql as $$
  select concat_ws('/', wrong_codes, sms_wrong, authenticator_wrong, backup_code_wrong) from app.users where user_id = test.id(p_name) $$;

-- texted code
select pg_temp.launched('t1') \g /dev/null
select is((test.send('second_step_send_code', 'c1', 's1')).status, 202, 'a code is sent');
select is((r).code, 'code_wrong', 'a wrong code') || E'\n' || is((r).body->>'tries_left', '4', 'four are left') || E'\n' || is((r).body->'errors'->0->>'pointer', '/code', 'of this field')
  from (select test.verify('c1', 'wrong', 'x') r offset 0) x;
select is(pg_temp.wrongs(), '1/1/0/0', 'counted for sms');
select is((r).status, 200, 'the right code') || E'\n' || is((r).body->>'state', 'ready', 'is signed in') || E'\n' || is((r).body->>'fresh_until', app.time(now() + interval '15 minutes'), 'and fresh')
    || E'\n' || is((r).body->>'expires_at', app.time(now() + interval '12 hours'), 'for 12 hours')
  from (select test.verify('c1', 'c1 code', 't2') r offset 0) x;
select is(pg_temp.wrongs(), '0/0/0/0', 'a success clears the counts');
select is(test.enter('alpha', 'ann', 't1'), 'session_required', 'the launched token is dead');
select is(test.enter('alpha', 'ann', 't2', 'fresh'), null, 'the new one is fresh');
select is((select row(state, code_sealed is null, tries)::text from app.challenges), '(used,t,2)', 'the code is used up and wiped');
select is((test.verify('c1', 'c1 code', 't3')).code, 'code_expired', 'a used code');
select is(pg_temp.wrongs(), '0/0/0/0', 'nothing was compared, nothing is counted');
select is((select count(*) from app.events where kind = 'signed_in'), 1::bigint, 'one event');

-- a code belongs to its user, purpose and challenge
select pg_temp.launched('b2', 'bob') \g /dev/null
select is((test.verify('c1', 'c1 code', 'x')).code, 'code_expired', 'ann''s challenge is unknown to bob');
select is((test.send('second_step_send_code', 'cb', 'sb')).status, 202, 'bob has his own');
select is((test.verify('cb', 'c1 code', 'x')).code, 'code_wrong', 'ann''s code is not his');
select test.enter('alpha', 'ann', 't2') \g /dev/null
select is((test.send('phone_change_send_code', 'cp', 'sp')).status, 202, 'a code for another purpose');
select is((test.verify('cp', 'cp code', 'x')).code, 'code_expired', 'signs nobody in');
select is((test.verify('nothing', 'code', 'x')).code, 'code_expired', 'an unknown challenge');
select is(pg_temp.wrongs(), '0/0/0/0', 'none of that was compared');

-- life: by the database's clock, in the same statement, with no job running
select test.enter('alpha', 'ann', 't2'), (test.send('second_step_send_code', 'c2', 's2')).status \g /dev/null
update app.challenges set expires_at = now() + interval '1 second' where challenge_id = test.id('c2');
select is((test.verify('c2', 'wrong', 'x')).code, 'code_wrong', 'compared a second before its end');
update app.challenges set expires_at = now() where challenge_id = test.id('c2');
select is((test.verify('c2', 'c2 code', 'x')).code, 'code_expired', 'not at its end, though right');
update app.users set wrong_codes = 0, sms_wrong = 0;

-- five tries
select test.pass('2 minutes'), test.enter('alpha', 'ann', 't2'), (test.send('second_step_send_code', 'c3', 's3')).status \g /dev/null
select is((test.verify('c3', 'wrong', 'x')).body->>'tries_left', (5 - n)::text, 'wrong try ' || n) from generate_series(1, 5) n;
select is((select row(state, code_sealed is null)::text from app.challenges where challenge_id = test.id('c3')), '(exhausted,t)', 'five and it is over, the code wiped');
select is((r).code, 'challenge_exhausted', 'the right code comes too late') || E'\n' || is((r).body->>'alternatives', '["authenticator","sms","backup_code"]', 'there are other ways')
  from (select test.verify('c3', 'c3 code', 'x') r offset 0) x;
select is(pg_temp.wrongs(), '5/5/0/0', 'five in all');

-- backup codes
select test.enter('alpha', 'ann', 't2') \g /dev/null
select is((test.verify('', '', 'x', p_backup => 'four')).code, 'code_wrong', 'no such backup code');
select is(pg_temp.wrongs(), '6/5/0/1', 'counted for backup codes');
select is((r).status, 200, 'a backup code') || E'\n' || is((r).body->'methods'->2->>'left', '2', 'two are left') from (select test.verify('', '', 't3', p_backup => 'one') r offset 0) x;
select is(pg_temp.wrongs(), '0/0/0/0', 'a success of any method clears all');
select is((test.verify('', '', 't4', p_backup => 'one')).code, 'code_wrong', 'each once');
select is((select detail->>'left' from app.events where kind = 'backup_code_used'), '2', 'its use is an event');
-- the MAC under the older key version works as well
select is((r).status, 200, 'under the old key') from (select api.second_step_verify(null, null, null, test.hash('new key'), test.hash('two'), false, test.id('t5'), test.hash('t5'), null, null, '') r offset 0) x;
-- a right code by one way ends a code on its way by another
select test.pass('5 minutes'), test.enter('alpha', 'ann', 't5'), (test.send('second_step_send_code', 'c4', 's4')).status \g /dev/null
select is((test.verify('', '', 't6', p_backup => 'three')).status, 200, 'a backup code instead of the text');
select is((select row(state, code_sealed is null)::text from app.challenges where challenge_id = test.id('c4')), '(superseded,t)', 'voids the text');
select is((test.verify('', '', 'x', p_backup => 'three')).code, 'code_wrong', 'no backup codes: nothing to compare') || E'\n' || is(pg_temp.wrongs(), '0/0/0/0', 'and nothing counted');

-- authenticator: C compares between two steps, the try is counted in the first
create function pg_temp.totp(p_step bigint, p_token text, p_challenge text default null) returns api.reply language sql as $$
  select x from api.second_step_totp(test.id('ann app'), p_step, test.id(p_token), test.hash(p_token), test.id(p_token || ' d'), test.hash(p_token || ' d'), 'Chrome', test.id(p_challenge)) x $$;
select test.enter('alpha', 'ann', 't6') \g /dev/null
select is((r).status, 102, 'C is asked') || E'\n' || is((r).code, 'totp_check', 'to compare') || E'\n' || is((r).sealed, '\x5ec3e7'::bytea, 'with the sealed secret')
    || E'\n' || is((r).etag, '100', 'and the last step') || E'\n' || is((r).body->>'authenticator_id', test.id('ann app')::text, 'of this authenticator')
  from (select test.verify('', 'x', 'x', p_totp => true) r offset 0) x;
select is(pg_temp.wrongs(), '1/0/1/0', 'the try is counted before C compares');
select is((pg_temp.totp(null, 'x')).code, 'code_wrong', 'no step matched');
select is((pg_temp.totp(100, 'x')).code, 'code_expired', 'the last step again') || E'\n' || is((pg_temp.totp(99, 'x')).code, 'code_expired', 'or one before it');
select is(test.enter('alpha', 'ann', 't6'), null, 'the session has not moved');
select is((r).status, 200, 'a later step') || E'\n' || is((r).body->>'trusted_device', 'true', 'and the device is remembered') from (select pg_temp.totp(101, 't7') r offset 0) x;
select is((select expires_at from app.devices), now() + interval '14 days', 'for 14 days');
select is(pg_temp.wrongs(), '0/0/0/0', 'a success clears');
select is((pg_temp.totp(101, 'x')).code, 'code_expired', 'each step once, ever');
select is((select count(*) from app.events where kind = 'authenticator_code_replayed') > 0, true, 'a replay is an event');
select is((select count(*) from app.events where kind = 'code_refused' and detail->>'code' = 'code_wrong') > 0, true, 'and so is a wrong code');
-- one guess against two methods at once counts for both
select test.pass('2 hours'), test.session('alpha', 'ann', 't8'), test.enter('alpha', 'ann', 't8'), (test.send('second_step_send_code', 'c5', 's5')).status \g /dev/null
select is((test.verify('c5', 'wrong', 'x', p_totp => true)).status, 102, 'neither texted: perhaps the authenticator''s');
select is(pg_temp.wrongs(), '1/1/1/0', 'counted once in all, once for each method it was compared with');
select is((pg_temp.totp(null, 'x', 'c5')).body->>'tries_left', '4', 'the texted code has fewer tries left than the user: those are told');
select is((pg_temp.totp(null, 'x')).body->>'tries_left', '9', 'no code was named: the user''s own');

-- ten in a row over all methods: locked, each time twice as long
update app.users set wrong_codes = 8, sms_wrong = 0, authenticator_wrong = 0;
select is((r).body->>'tries_left', '1', 'the ninth') || E'\n' || is((r).body->>'locked_until', null, 'is not the last') from (select test.verify('c5', 'wrong', 'x') r offset 0) x;
select is((r).code, 'code_wrong', 'the tenth is still looked at') || E'\n' || is((r).body->>'tries_left', '0', 'none is left') || E'\n' || is((r).body->>'locked_until', app.time(now() + interval '30 minutes'), 'locked for 30 minutes')
  from (select test.verify('c5', 'wrong', 'x') r offset 0) x;
select is((r).code, 'locked', 'the right code does not help') || E'\n' || is((r).body->>'retry_after', '1800', 'for half an hour') || E'\n' || is((r).body->>'alternatives', '[]', 'nor does any other method')
  from (select test.verify('c5', 'c5 code', 'x') r offset 0) x;
select is((select count(*) from app.events where kind = 'user_locked' and user_id = test.id('ann')), 1::bigint, 'a lock is an event');
select is((test.send('second_step_send_code', 'c6', 's6')).code, 'locked', 'no text is sent to the locked');
select is((select state from app.challenges where challenge_id = test.id('c5')), 'live', 'nothing was compared');
update app.users set locked_until = now() + interval '1 second' where user_id = test.id('ann');
select is((test.verify('', 'x', 'x', p_totp => true)).code, 'locked', 'locked to the last second');
update app.users set locked_until = now() where user_id = test.id('ann');
select is((test.verify('c5', 'wrong', 'x')).body->>'tries_left', '1', 'then a new ten begins (this challenge has one left)');
select is((select row(wrong_codes, lock_level, locked_until)::text from app.users where user_id = test.id('ann')), '(1,1,)', 'at one, with the lock remembered');
create function pg_temp.lock_after(p_level integer) returns interval language plpgsql as $$
begin
  update app.users set wrong_codes = 9, lock_level = p_level, locked_until = null, authenticator_wrong = 0 where user_id = test.id('ann');
  perform test.verify('', 'x', 'x', p_totp => true);
  return (select locked_until - now() from app.users where user_id = test.id('ann'));
end
$$;
select is(pg_temp.lock_after(level), span, 'lock ' || level + 1 || ' lasts ' || span) from (values (0, interval '30 minutes'), (1, '1 hour'), (2, '2 hours'), (3, '4 hours'), (4, '8 hours'),
  (5, '16 hours'), (6, '24 hours'), (7, '24 hours')) v (level, span);
-- the tenth may be right: the lock it set is taken back
update app.users set wrong_codes = 9, lock_level = 3, locked_until = null, authenticator_wrong = 0 where user_id = test.id('ann');
select is((test.verify('', 'x', 'x', p_totp => true)).status, 102, 'the tenth try, an authenticator code') || E'\n' || is((pg_temp.totp(110, 't9')).status, 200, 'and it is right');
select is((select row(wrong_codes, lock_level, locked_until)::text from app.users where user_id = test.id('ann')), '(0,0,)', 'lock and level are gone');

-- a hundred in a row by one method: that method is off
select test.pass('2 hours'), test.session('alpha', 'ann', 't91'), test.enter('alpha', 'ann', 't91'), (test.send('second_step_send_code', 'c6', 's6')).status \g /dev/null
update app.users set authenticator_wrong = 99, sms_wrong = 99 where user_id = test.id('ann');
select is((test.verify('', 'x', 'x', p_totp => true)).status, 102, 'the hundredth is looked at') || E'\n' || is((pg_temp.totp(null, 'x')).code, 'code_wrong', 'and wrong');
select is((r).code, 'method_off', 'the next is not') from (select test.verify('', 'x', 'x', p_totp => true) r offset 0) x;
select is((select authenticator_wrong from app.users where user_id = test.id('ann')), 100::smallint, 'nor counted');
select is((test.verify('c6', 'c6 code', 't10', p_totp => true)).status, 200, 'the texted code still works');
select is(pg_temp.wrongs(), '0/0/100/0', 'a success does not switch the method on again');
select test.enter('alpha', 'ann', 't10') \g /dev/null
update app.users set sms_wrong = 100, authenticator_wrong = 0 where user_id = test.id('ann');
select is((r).code, 'method_off', 'no text by a method that is off') || E'\n' || is((r).body->>'alternatives', '["authenticator"]', 'the other one works') from (select test.send('second_step_send_code', 'c7', 's7') r offset 0) x;
-- nothing to send to
select pg_temp.launched('b3', 'bob') \g /dev/null
delete from app.phones where user_id = test.id('bob');
select is((test.send('second_step_send_code', 'c8', 's8')).code, 'no_phone', 'no phone, no text');
select * from finish();
rollback;
