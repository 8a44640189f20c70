-- Goal: a text moves forward only, through one function; leases, fences, checks; decided within 6 minutes; dead numbers are remembered (architecture.md, A send's life; security.md d.6, d.7).
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann') \g /dev/null

-- the table of ways between states, whole
create temp table states as select unnest(array['queued', 'in_flight', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'ambiguous', 'unknown', 'expired', 'refused']) s;
select is((select string_agg(b.s, ' ' order by b.s) from states b where app.send_may(a, b.s)), ways, 'from ' || a) from (values
  ('queued', 'accepted delivered expired failed in_flight refused sent undelivered'),
  ('in_flight', 'accepted ambiguous delivered expired failed queued refused sent undelivered unknown'),
  ('ambiguous', 'accepted delivered expired failed refused sent undelivered unknown'),
  ('accepted', 'delivered expired failed sent undelivered unknown'),
  ('sent', 'delivered expired failed undelivered unknown'),
  ('unknown', 'delivered expired failed undelivered'),
  ('delivered', null), ('undelivered', null), ('failed', null), ('expired', null), ('refused', null)) v (a, ways);

-- a new text by name, queued; its phone is p_number
create function pg_temp.queue(p_name text, p_number text default '+1') returns void language plpgsql as $$
declare person text := 'p ' || p_name;
begin
  perform test.person('alpha', person), test.phone('alpha', person, p_number, 'verified', 'range ' || p_name), test.session('alpha', person, person);
  perform test.enter('alpha', person, person, 'launched', p_name);
  if (test.send('second_step_send_code', p_name || ' c', p_name)).status is distinct from 202 then raise 'not queued'; end if;
  perform test.system('alpha');
end
$$;
create function pg_temp.state(p_name text) returns text language sql as $$ select state from app.sends where send_id = test.id(p_name) $$;
create function pg_temp.outcome(p_name text, p_fence bigint, p_outcome text, p_sid text default null, p_code bigint default null, p_reason text default null, p_retry bigint default null)
returns text language sql as $$ select coalesce(x.code, x.status::text) from api.send_outcome(test.id(p_name), p_fence, p_outcome, p_sid, p_code, p_reason, p_retry, null, null) x $$;
create function pg_temp.heard(p_name text, p_sid text, p_status text, p_code bigint default null) returns text language sql as $$
  select coalesce(x.code, x.status::text) from api.send_callback(test.id(p_name), p_sid, p_status, p_code, null) x $$;
create function pg_temp.due() returns text language plpgsql as $$
begin
  perform test.system();
  return (select string_agg(i->>'action', ',' order by i->>'action') from json_array_elements((api.sends_due(100)).body) i);
end
$$;

-- claim
select pg_temp.queue('s1', '+1') \g /dev/null
select is((r).status, 200, 'claimed') || E'\n' || is((r).body->>'fence', '1', 'under fence 1') || E'\n' || is((r).body->>'expires_in', '300', 'with the life that is left') || E'\n' || is((r).body->>'to_sealed', '01', 'to whom')
    || E'\n' || is((r).body->>'code_sealed', 'c0de', 'the code') || E'\n' || is((r).body->>'store', 'Store alpha', 'whose') || E'\n' || is((r).body->>'mode', 'live', 'live')
  from (select api.send_claim(test.id('s1')) r offset 0) x;
select is(pg_temp.state('s1'), 'in_flight', 'in flight') || E'\n' || is((api.send_claim(test.id('s1'))).code, 'gone', 'claimed once') || E'\n' || is((api.send_claim(test.id('nothing'))).code, 'gone', 'nothing to claim');
select is((select due_at from app.sends where send_id = test.id('s1')), now() + interval '20 seconds', 'a lease of 20 s');
-- retry: back to the queue, certainly not posted
select is(pg_temp.outcome('s1', 2, 'accepted', 'SM1'), 'gone', 'another fence is void');
select is(pg_temp.outcome('s1', 1, 'retry', null, 20429, 'provider_down', 500), '204', 'a retry');
select is(pg_temp.due(), null, 'not offered before its time');
select is((select reason from app.sends where send_id = test.id('s1')), 'provider_down', 'the panel is told meanwhile');
select test.pass('500 milliseconds') \g /dev/null
select is(pg_temp.due(), 'claim', 'then it is');
select test.system('alpha') \g /dev/null
select is((api.send_claim(test.id('s1'))).body->>'fence', '2', 'and can be claimed, under the next fence');
select is(pg_temp.outcome('s1', 1, 'accepted', 'SM1'), 'gone', 'the first claim''s late outcome is void');
select is(pg_temp.outcome('s1', 2, 'accepted', 'SM1'), '204', 'accepted') || E'\n' || is(pg_temp.outcome('s1', 2, 'accepted', 'SM1'), 'gone', 'once');
-- callbacks: twice, late, out of order
select is(pg_temp.heard('s1', 'SM1', 'sent'), '204', 'sent') || E'\n' || is(pg_temp.heard('s1', 'SM1', 'delivered'), '204', 'delivered') || E'\n' || is(pg_temp.heard('s1', 'SM1', 'sent'), '204', 'late news')
    || E'\n' || is(pg_temp.heard('s1', 'SM1', 'failed', 30008), '204', 'nonsense') || E'\n' || is(pg_temp.heard('s1', 'SM1', 'delivered'), '204', 'again') || E'\n' || is(pg_temp.heard('s1', 'SM1', 'what?'), '204', 'an unknown word');
select is(pg_temp.state('s1'), 'delivered', 'only the way forward counts');
select is(pg_temp.heard('nothing', 'SM1', 'sent'), 'not_found', 'an unknown text');
select is((api.send_look(test.id('s1'))).body->>'sid', 'SM1', 'only its price is looked for now');
select is((select x.status from api.send_settle(test.id('s1'), 20000, 1) x), 204, 'which is told');
select is((api.send_look(test.id('s1'))).code, 'gone', 'nothing to look for any more');
-- a callback before the outcome: nothing is lost
select pg_temp.queue('s2', '+2') \g /dev/null
select is((api.send_claim(test.id('s2'))).status, 200, 'claimed') || E'\n' || is(pg_temp.heard('s2', 'SM2', 'delivered'), '204', 'the callback is faster') || E'\n' || is(pg_temp.outcome('s2', 1, 'accepted', 'SM2'), 'gone', 'the outcome changes nothing');
select is(pg_temp.state('s2'), 'delivered', 'delivered');

-- of two texts with one code that wait, only the later is sent
select pg_temp.queue('s2a', '+2a') \g /dev/null
update app.challenges set resend_at = now() where challenge_id = test.id('s2a c');
select test.enter('alpha', 'p s2a', 'p s2a') \g /dev/null
select is((test.send('second_step_send_code', 'unused', 's2b')).body->>'sends', '2', 'a resend while the first waits');
select test.system('alpha') \g /dev/null
select is((api.send_claim(test.id('s2a'))).code, 'gone', 'the first is not sent') || E'\n' || is(pg_temp.state('s2a'), 'expired', 'it has ended') || E'\n' || is((api.send_claim(test.id('s2b'))).status, 200, 'the second is');
-- a kill switch holds for texts that wait
select pg_temp.queue('s2c', '+2c') \g /dev/null
insert into app.stops (key, cause, reason) values ('platform', 'switch', 'an attack');
select is((api.send_claim(test.id('s2c'))).code, 'gone', 'stopped while it waited') || E'\n' || is(pg_temp.state('s2c'), 'expired', 'it has ended');
delete from app.stops;
-- what was answered is told to the provider, once
update app.challenges set state = 'used', code_sealed = null where challenge_id = test.id('s1 c');
select test.system(), (api.jobs_tick()).status \g /dev/null
select is(pg_temp.due(), 'feedback', 'a code was answered') || E'\n' || is(pg_temp.due(), null, 'once');
select test.system('alpha') \g /dev/null
select is((api.send_look(test.id('s1'))).body->>'sid', 'SM1', 'its message is known');

-- worth sending?
select pg_temp.queue('s3', '+3') \g /dev/null
update app.challenges set expires_at = now() + interval '10 seconds' where challenge_id = test.id('s3 c');
select is((api.send_claim(test.id('s3'))).code, 'gone', 'with 10 s of life left') || E'\n' || is(pg_temp.state('s3'), 'expired', 'it is expired');
select pg_temp.queue('s4', '+4') \g /dev/null
update app.challenges set expires_at = now() + interval '11 seconds' where challenge_id = test.id('s4 c');
select is((api.send_claim(test.id('s4'))).body->>'expires_in', '11', 'with 11 s it is sent');
select is(pg_temp.outcome('s4', 1, 'retry', null, null, null, 2000), '204', 'but not tried again');
select is(pg_temp.state('s4'), 'failed', 'when the retry would come too late');
select pg_temp.queue('s5', '+5') \g /dev/null
update app.challenges set state = 'used', code_sealed = null where challenge_id = test.id('s5 c');
select is((api.send_claim(test.id('s5'))).code, 'gone', 'a used code is not sent') || E'\n' || is(pg_temp.state('s5'), 'expired', 'it is expired');
select pg_temp.queue('s6', '+6') \g /dev/null
update app.tenants set status = 'suspended', resumes_as = 'active';
select is((api.send_claim(test.id('s6'))).code, 'gone', 'a suspended tenant sends nothing');
update app.tenants set status = 'active', resumes_as = null;

-- ambiguous: never posted again; looked for at 3, 10, 30 s; then unknown; a late callback still tells
delete from app.sends;
select pg_temp.queue('s10', '+10') \g /dev/null
select is(pg_temp.due(), null, 'fresh in the queue: its own worker claims it');
select test.pass('2 seconds') \g /dev/null
select is(pg_temp.due(), 'claim', 'after 2 s anybody may') || E'\n' || is(pg_temp.due(), null, 'one at a time');
select test.system('alpha'), (api.send_claim(test.id('s10'))).status \g /dev/null
select is(pg_temp.outcome('s10', 1, 'ambiguous'), '204', 'the answer was lost');
select is((api.send_claim(test.id('s10'))).code, 'gone', 'never claimed again');
select test.pass('2999 milliseconds') \g /dev/null
select is(pg_temp.due(), null, 'not yet');
select test.pass('1 millisecond') \g /dev/null
select is(pg_temp.due(), 'resolve', 'at 3 s') || E'\n' || is(pg_temp.due(), null, 'once');
select test.system('alpha') \g /dev/null
select is((r).status, 200, 'what to look for') || E'\n' || is((r).body->>'sid', null, 'no sid') || E'\n' || is((r).body->>'to_sealed', '01', 'the number') from (select api.send_look(test.id('s10')) r offset 0) x;
select is((select x.status from api.send_resolve(test.id('s10'), null, null, null, null) x), 204, 'nothing found');
select test.pass('6999 milliseconds') \g /dev/null
select is(pg_temp.due(), null, 'not yet');
select test.pass('1 millisecond') \g /dev/null
select is(pg_temp.due(), 'resolve', 'at 10 s');
select test.pass('20 seconds') \g /dev/null
select is(pg_temp.due(), 'resolve', 'at 30 s') || E'\n' || is(pg_temp.state('s10'), 'ambiguous', 'still nobody knows');
select test.pass('30 seconds') \g /dev/null
select is(pg_temp.due(), null, 'no further look');
select is(pg_temp.state('s10'), 'unknown', 'unknown: the user is told to ask again');
select test.system('alpha'), pg_temp.heard('s10', 'SM10', 'delivered') \g /dev/null
select is(pg_temp.state('s10'), 'delivered', 'a late callback still tells');
-- found by looking; one message belongs to one text
select pg_temp.queue('s11', '+11'), pg_temp.queue('s12', '+12'), (api.send_claim(test.id('s11'))).status, (api.send_claim(test.id('s12'))).status, pg_temp.outcome('s11', 1, 'ambiguous'), pg_temp.outcome('s12', 1, 'ambiguous') \g /dev/null
select is((select x.status from api.send_resolve(test.id('s11'), 'SM11', 'sent', null, null) x), 204, 'found') || E'\n' || is(pg_temp.state('s11'), 'sent', 'as sent');
select is((select x.code from api.send_resolve(test.id('s12'), 'SM11', 'sent', null, null) x), 'taken', 'that message is another''s') || E'\n' || is(pg_temp.state('s12'), 'ambiguous', 'nothing moved');
select is(pg_temp.heard('s12', 'SM11', 'delivered'), '204', 'a callback, which names its text, is believed') || E'\n' || is(pg_temp.state('s12'), 'delivered', 'delivered');
-- a lease that runs out: nobody knows whether it was posted
select pg_temp.queue('s13', '+13'), (api.send_claim(test.id('s13'))).status \g /dev/null
select test.pass('19 seconds'), pg_temp.due() \g /dev/null
select is(pg_temp.state('s13'), 'in_flight', '19 s: the worker may be slow');
select test.pass('1 second'), pg_temp.due() \g /dev/null
select is(pg_temp.state('s13'), 'ambiguous', '20 s: it is ambiguous, not posted again');
select test.system('alpha') \g /dev/null
select is(pg_temp.outcome('s13', 1, 'accepted', 'SM13'), '204', 'the slow worker''s word still counts') || E'\n' || is(pg_temp.state('s13'), 'accepted', 'accepted');
-- accepted, no callback: asked at 15, 60, 300 s
delete from app.sends where send_id <> test.id('s13');
select test.pass('14 seconds') \g /dev/null
select is(pg_temp.due(), null, 'not yet');
select test.pass('1 second') \g /dev/null
select is(pg_temp.due(), 'poll', 'at 15 s');
select test.pass('44 seconds'), test.system('alpha'), pg_temp.heard('s13', 'SM13', 'sent') \g /dev/null
select is(pg_temp.due(), null, 'sent does not start the wait again');
select test.pass('1 second') \g /dev/null
select is(pg_temp.due(), 'poll', 'at 60 s');
select test.pass('240 seconds') \g /dev/null
select is(pg_temp.due(), 'poll', 'at 300 s');
select test.pass('35 seconds') \g /dev/null
select is(pg_temp.due(), null, 'then no more');
select is(pg_temp.state('s13'), 'unknown', 'and within 6 minutes it is unknown');
-- nothing undecided for more than 6 minutes, whatever its state
create function pg_temp.after_six(p_state text) returns text language plpgsql as $$
begin
  delete from app.sends; delete from app.challenges; delete from app.velocity;
  perform pg_temp.queue('z' || p_state, '+z' || p_state);
  update app.sends set state = p_state, due_at = now() + interval '10 minutes';
  perform test.pass('355 seconds');
  update app.sends set due_at = now();
  if pg_temp.due() = 'claim' then  -- the claim, which commits alone, ends it
    perform test.system('alpha'), api.send_claim(send_id) from app.sends;
  end if;
  return (select state from app.sends);
end
$$;
select is(pg_temp.after_six(s), case s when 'queued' then 'expired' else 'unknown' end, s || ' ends') from unnest(array['queued', 'in_flight', 'ambiguous', 'accepted', 'sent']) s;

-- every code of the provider: class, reason, and whether the number is rested
select is((select row(class, reason, strikes)::text from app.provider_code(code)), row(class, reason, strikes)::text, code || ' ' || class) from (values
  (20003::bigint, 'config', 'provider_config', null::int), (20404, 'config', 'provider_config', null), (20429, 'retry', 'provider_down', null), (14107, 'retry', 'provider_down', null), (21611, 'retry', 'provider_down', null),
  (30001, 'retry', 'provider_down', null), (21211, 'permanent', 'number_invalid', 1), (21217, 'permanent', 'number_invalid', 1), (21408, 'geo', 'region_off', null), (21606, 'transport', 'unreachable', null),
  (21612, 'transport', 'unreachable', null), (21608, 'config', 'provider_config', null), (21610, 'opt_out', 'opted_out', 1), (21614, 'permanent', 'landline', 1), (60205, 'permanent', 'landline', 1),
  (30002, 'config', 'provider_config', null), (30003, 'soft', 'unreachable', 3), (30004, 'carrier', 'blocked', null), (30007, 'carrier', 'blocked', null), (30005, 'hard', 'unreachable', 2), (30006, 'hard', 'landline', 2),
  (30008, 'soft', 'unknown', null), (30010, 'price', 'price', null), (30034, 'config', 'provider_config', null), (30036, 'expired', 'expired', null), (30450, 'fraud', 'fraud', null), (60410, 'fraud', 'fraud', null)) v (code, class, reason, strikes);
select is((select count(*) from app.provider_code(12345)), 0::bigint, 'an unknown code means nothing');
create function pg_temp.fail(p_name text, p_number text, p_code bigint) returns text language plpgsql as $$
declare reply api.reply;
begin
  delete from app.velocity;
  perform pg_temp.queue(p_name, p_number);
  perform api.send_claim(test.id(p_name)), pg_temp.outcome(p_name, 1, 'accepted', 'SM ' || p_name), pg_temp.heard(p_name, 'SM ' || p_name, 'undelivered', p_code);
  delete from app.velocity;
  perform test.enter('alpha', 'p ' || p_name, 'p ' || p_name);
  reply := test.send('second_step_send_code', p_name || ' again', p_name || ' again');
  return coalesce(reply.body->>'reason', reply.code, reply.status::text);
end
$$;
select is(pg_temp.fail('f1', '+f 1', 21610), 'opted_out', 'STOP: no further text');
select is(pg_temp.fail('f2', '+f 2', 21614), 'landline', 'a landline: no further text');
select is(pg_temp.fail('f3', '+f 3', 30007), '202', 'filtered: the user may try again');
select is(pg_temp.fail('f4', '+f 4', 30006), '202', 'unreachable once: again') || E'\n' || is(pg_temp.fail('f5', '+f 4', 30006), 'landline', 'twice: no further');
select is(pg_temp.fail('f6', '+f 6', 30003), '202', 'off once') || E'\n' || is(pg_temp.fail('f7', '+f 6', 30003), '202', 'twice') || E'\n' || is(pg_temp.fail('f8', '+f 6', 30003), 'unreachable', 'three times in 24 h: a rest');
select is((select until from app.suppressions where platform_index = test.hash('+f 6')), now() + interval '24 hours', 'of 24 h');
select test.pass('24 hours'), test.session('alpha', 'p f8', 'p f8 later'), test.enter('alpha', 'p f8', 'p f8 later') \g /dev/null
select is((test.send('second_step_send_code', 'f8 later', 'f8 later')).status, 202, 'then again');
select is(pg_temp.fail('f9', '+f 9', 30003), '202', 'strikes of more than') || E'\n' || is(pg_temp.fail('f10', '+f 9', 30003), '202', '24 h ago');
select test.pass('24 hours') \g /dev/null
select is(pg_temp.fail('f11', '+f 9', 30003), '202', 'do not count');
select test.store('beta'), test.person('beta', 'bob'), test.phone('beta', 'bob', '+f 1'), test.session('beta', 'bob', 'b'), test.authenticator('beta', 'bob'), test.enter('beta', 'bob', 'b') \g /dev/null
select is((r).code, 'number_suppressed', 'STOP holds over all tenants') || E'\n' || is((r).body->>'alternatives', '["authenticator"]', 'and the other ways are named') from (select test.send('second_step_send_code', 'x1', 'x1') r offset 0) x;
-- a refusal at the post strikes as well
select pg_temp.queue('g1', '+g 1'), (api.send_claim(test.id('g1'))).status \g /dev/null
select is(pg_temp.outcome('g1', 1, 'refused', null, 21211), '204', 'refused at the post') || E'\n' || is(pg_temp.state('g1'), 'refused', 'refused');
select is((select reason from app.suppressions where platform_index = test.hash('+g 1')), 'number_invalid', 'an invalid number is remembered');
-- Twilio's validity period passed
select pg_temp.queue('g2', '+g 2'), (api.send_claim(test.id('g2'))).status, pg_temp.outcome('g2', 1, 'accepted', 'SMg2'), pg_temp.heard('g2', 'SMg2', 'undelivered', 30036) \g /dev/null
select is(pg_temp.state('g2'), 'expired', '30036 is expired, not undelivered');
-- test mode
update app.sessions set mode = 'test';
select test.enter('beta', 'bob', 'b') \g /dev/null
delete from app.suppressions;
select is((test.send('second_step_send_code', 'm1', 'm1')).status, 202, 'a test session asks for a text');
select test.system('beta') \g /dev/null
select is((select mode from app.sends where send_id = test.id('m1')), 'test', 'it is a test') || E'\n' || is((api.send_claim(test.id('m1'))).body->>'mode', 'test', 'the sender is told') || E'\n' || is(pg_temp.outcome('m1', 1, 'delivered'), '204', 'and records it as delivered');
select * from finish();
rollback;
