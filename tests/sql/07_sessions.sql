-- Goal: what a session sees of itself; the list; the end; trusted devices; the profile.
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann'), test.person('alpha', 'bob'), test.session('alpha', 'ann', 't1'), test.session('alpha', 'ann', 't2', 'launched'),
       test.session('alpha', 'bob', 'b1') \g /dev/null

-- ended by another connection between enter and the read: once answered 200 with nulls
select test.session('alpha', 'ann', 't0'), test.enter('alpha', 'ann', 't0') \g /dev/null
delete from app.sessions where token_hash = test.hash('t0');
select is((api.session_read(null)).code, 'session_required', 'a session that has just ended reads nothing');
select is((api.profile_read(null)).code, 'session_required', 'nor its profile');

select test.enter('alpha', 'ann', 't2') \g /dev/null
select is((api.session_read(null)).body->>'state', 'set_up', 'no method yet: set up');
select is((api.session_read(null)).body->>'methods', '[]', 'none is listed');
select is((api.session_read(null)).body->>'preferred_method', null, 'none preferred');
select test.phone('alpha', 'ann', '+1', 'unverified') \g /dev/null
select is((api.session_read(null)).body->'phone'->>'state', 'unverified', 'a number that waits is the phone');
select is((api.session_read(null)).body->>'state', 'set_up', 'and no method');
select test.phone('alpha', 'ann', '+2') \g /dev/null
select is(b->>'state', 'second_step', 'with a method: second step') || E'\n' || is(b->'phone'->>'state', 'verified', 'the verified number is the phone')
    || E'\n' || is(b->'pending_phone'->>'state', 'unverified', 'the other one waits') || E'\n' || is(b->'methods'->0->>'method', 'sms', 'sms') || E'\n' || is(b->'methods'->0->>'hint', '+1 ••• ••34', 'with its hint')
    || E'\n' || is(b->>'preferred_method', 'sms', 'preferred, being the only one') || E'\n' || is(b->>'fresh_until', null, 'launched is not fresh')
    || E'\n' || is(b->>'locked_until', null, 'not locked') || E'\n' || is(b->>'challenge', null, 'no challenge') || E'\n' || is((b->>'trusted_device')::boolean, false, 'no device')
    || E'\n' || is(b->'store'->>'slug', 'alpha', 'the store') || E'\n' || is(b->'user'->>'role', 'admin', 'the role of this launch')
  from (select (api.session_read(null)).body b offset 0) x;
select test.authenticator('alpha', 'ann'), test.backup_codes('alpha', 'ann', 'one', 'two') \g /dev/null
select is((api.session_read(null)).body->'methods'->>0, '{"method" : "authenticator", "off" : false}', 'the safer one first');
select is((api.session_read(null)).body->'methods'->2->>'left', '2', 'backup codes are counted');
select is((api.session_read(null)).body->>'preferred_method', 'authenticator', 'preferred while nothing was chosen');
update app.users set preferred_method = 'sms', sms_wrong = 100 where user_id = test.id('ann');
select is((api.session_read(null)).body->>'preferred_method', 'sms', 'the user''s choice');
select is((api.session_read(null)).body->'methods'->1->>'off', 'true', 'a method that is off says so');
update app.users set sms_wrong = 0, locked_until = now() + interval '30 minutes', wrong_codes = 10 where user_id = test.id('ann');
select is((api.session_read(null)).body->>'locked_until', app.time(now() + interval '30 minutes'), 'a lock says until when');
update app.users set locked_until = now() where user_id = test.id('ann');
select is((api.session_read(null)).body->>'locked_until', null, 'and is over at that time');
update app.users set locked_until = null, wrong_codes = 0 where user_id = test.id('ann');
select is((test.send('second_step_send_code', 'c1', 's1')).status, 202, 'a code is sent');
select is((api.session_read(null)).body->'challenge'->>'id', app.typeid('challenge', test.id('c1')), 'and shown in the session');
update app.challenges set expires_at = now();
select is((api.session_read(null)).body->>'challenge', null, 'until it runs out');

select test.enter('alpha', 'ann', 't1') \g /dev/null
select is((api.session_read(null)).body->>'state', 'ready', 'ready');
select is((api.session_read(null)).body->>'fresh_until', app.time(now() + interval '15 minutes'), 'fresh for 15 minutes');
update app.sessions set expires_at = now() + interval '5 minutes' where session_id = test.id('t1');
select is((api.session_read(null)).body->>'idle_until', app.time(now() + interval '5 minutes'), 'idle never outlives the session');

-- list and end
select is(json_array_length((api.session_list()).body->'items'), 2, 'ann''s two sessions, not bob''s');
select is((select count(*) from json_array_elements((api.session_list()).body->'items') i where (i->>'current')::boolean), 1::bigint, 'one of them is this');
select is((api.session_remove(test.id('b1'))).code, 'not_found', 'bob''s session is unknown to her');
select is((api.session_remove(test.id('t2'))).status, 204, 'her other one is not');
select is(test.enter('alpha', 'ann', 't2'), 'session_required', 'it is over');
select test.session('alpha', 'ann', 't3'), test.enter('alpha', 'ann', 't1') \g /dev/null
select is((api.session_end_others()).status, 204, 'all others at once');
select is((select string_agg(session_id::text, ',') from app.sessions where user_id = test.id('ann')), test.id('t1')::text, 'this one stays');
select is((select count(*) from app.sessions where user_id = test.id('bob')), 1::bigint, 'and bob''s');
select is((api.session_end()).status, 204, 'sign out');
select is(test.enter('alpha', 'ann', 't1'), 'session_required', 'signed out');

-- devices
select test.session('alpha', 'ann', 't5'), test.session('alpha', 'ann', 't6', 'launched'), test.enter('alpha', 'ann', 't5') \g /dev/null
insert into app.devices (tenant_id, user_id, device_hash, device_id, name, expires_at)
select test.id('alpha'), test.id(who), test.hash(d), test.id(d), 'Chrome', now() + interval '14 days' from (values ('ann', 'd1'), ('ann', 'd2'), ('bob', 'd3')) v (who, d);
select is((api.session_read(test.hash('d1'))).body->>'trusted_device', 'true', 'a trusted device') || E'\n' || is((api.session_read(test.hash('d3'))).body->>'trusted_device', 'false', 'not somebody else''s');
select is(json_array_length((api.device_list(test.hash('d1'))).body->'items'), 2, 'two devices');
select is((select i->>'id' from json_array_elements((api.device_list(test.hash('d1'))).body->'items') i where (i->>'current')::boolean), app.typeid('device', test.id('d1')), 'this is the current one');
select is((api.device_list(null)).body->'items'->0->>'current', 'false', 'without a cookie none is');
select is((api.device_remove(test.id('d3'))).code, 'not_found', 'bob''s device is unknown to her');
select is((api.device_remove(test.id('d2'))).status, 204, 'her own is forgotten');
select is((api.device_remove(test.id('d2'))).code, 'not_found', 'once');
-- second step by device
select test.enter('alpha', 'ann', 't6') \g /dev/null
create function pg_temp.device(p_device text, p_token text) returns api.reply language sql as $$ select x from api.second_step_device(test.hash(p_device), test.id(p_token), test.hash(p_token)) x $$;
select is((pg_temp.device('d3', 't7')).code, 'device_unknown', 'bob''s device does not let ann in') || E'\n' || is((pg_temp.device('d2', 't7')).code, 'device_unknown', 'nor one forgotten');
update app.users set locked_until = now() + interval '1 minute' where user_id = test.id('ann');
select is((pg_temp.device('d1', 't7')).code, 'locked', 'nor while she is locked');
update app.users set locked_until = null where user_id = test.id('ann');
update app.devices set expires_at = now() where device_id = test.id('d1');
select is((pg_temp.device('d1', 't7')).code, 'device_unknown', 'nor after 14 days');
update app.devices set expires_at = now() + interval '1 second', created_at = now() - interval '3 days' where device_id = test.id('d1');
select is((r).status, 200, 'a second before it does') || E'\n' || is((r).body->>'state', 'ready', 'ready') || E'\n' || is((r).body->>'fresh_until', null, 'but not fresh')
  from (select pg_temp.device('d1', 't7') r offset 0) x;
select is(test.enter('alpha', 'ann', 't6'), 'session_required', 'the old token is dead');
select is(test.enter('alpha', 'ann', 't7', 'signed_in'), null, 'the new one is signed in');
select is(test.enter('alpha', 'ann', 't7', 'fresh'), 'fresh_session_required', 'and changes nothing sensitive');
select test.enter('alpha', 'ann', 't5') \g /dev/null
select is((pg_temp.device('d1', 't8')).body->>'fresh_until', app.time(now() + interval '15 minutes'), 'a fresh session stays as fresh as it was');
select is(s.amr, '{otp}', 'and keeps how it was raised') from app.sessions s where s.session_id = test.id('t8');
select is((api.device_clear()).status, 204, 'clear device data');

-- how and when a second step was done
create function pg_temp.how(p_session text) returns text language sql as $$ select format('%s %s', s.amr, now() - s.auth_at) from app.sessions s where s.session_id = test.id(p_session) $$;
select is(pg_temp.how('t7'), '{device} 3 days', 'by a device, since it was trusted');
select test.session('alpha', 'ann', 'h1', 'launched'), test.enter('alpha', 'ann', 'h1') \g /dev/null
select is(pg_temp.how('h1'), '{} ', 'nothing yet');
select app.rise('bypass', test.id('h2'), test.hash('h2')) \g /dev/null
select is(pg_temp.how('h2'), '{bypass} 00:00:00', 'a bypass has our own word');
select app.rise('set_up', test.id('h3'), test.hash('h3'), 'sms') \g /dev/null
select is(pg_temp.how('h3'), '{otp,sms} 00:00:00', 'a method set up after it counts');
update app.sessions set auth_at = now() - interval '5 minutes' where session_id = test.id('h3');
select app.rise('set_up', test.id('h4'), test.hash('h4'), 'authenticator') \g /dev/null
select is(pg_temp.how('h4'), '{otp,sms} 00:05:00', 'one set up by a session that proved a code does not');
select app.rise('device', test.id('h5'), test.hash('h5'), 'device', now() - interval '3 days') \g /dev/null
select is(pg_temp.how('h5'), '{otp,sms} 00:05:00', 'nor does a device');
select app.rise('code', test.id('h6'), test.hash('h6'), 'backup_code') \g /dev/null
select is(pg_temp.how('h6'), '{otp,backup_code} 00:00:00', 'a code does');
select app.rise('code', test.id('h7'), test.hash('h7'), 'authenticator') \g /dev/null
select is(pg_temp.how('h7'), '{otp} 00:00:00', 'each time');
-- what an application behind the panel is told
select is(b->'amr', '["otp"]', 'how') || E'\n' || is((b->>'auth_time')::bigint, floor(extract(epoch from now()))::bigint, 'when') || E'\n' || is(b->>'role', 'admin', 'as what')
    || E'\n' || is((b->>'exp')::bigint, floor(extract(epoch from now() + interval '12 hours'))::bigint, 'until the session ends') || E'\n' || is(b->>'sid', app.typeid('session', test.id('h7')), 'in which session')
    || E'\n' || is(b->>'store', 'Store alpha', 'where')
  from (select (api.identity_read()).body::jsonb b offset 0) x;
update app.users set role = 'viewer' where user_id = test.id('ann');
select is((api.identity_read()).body->>'role', 'viewer', 'a role that was lowered meanwhile counts at once');
update app.users set role = 'owner' where user_id = test.id('ann');
select is((api.identity_read()).body->>'role', 'admin', 'one that was raised does not');
update app.users set role = 'admin' where user_id = test.id('ann');
delete from app.sessions where session_id = test.id('h7');
select is((api.identity_read()).code, 'session_required', 'ended by another connection between enter and the read');
delete from app.sessions where user_id = test.id('ann') and session_id not in (test.id('t7'), test.id('t8'));
select test.enter('alpha', 'ann', 't8') \g /dev/null
select is((api.device_list(null)).body->>'items', '[]', 'none left');
select is((select count(*) from app.devices), 1::bigint, 'bob''s is');

-- profile
select is(b->>'backup_codes_left', '2', 'codes left') || E'\n' || is(b->>'sessions', '2', 'sessions') || E'\n' || is(b->>'devices', '0', 'devices') || E'\n' || is(b->'user'->>'name', 'ann', 'the user')
  from (select (api.profile_read(null)).body b offset 0) x;
select is((api.profile_change('authenticator', 'de')).body->>'preferred_method', 'authenticator', 'preferred');
select is((api.profile_change(null, 'en')).body->>'preferred_method', 'authenticator', 'null leaves it');
select is((select locale from app.users where user_id = test.id('ann')), 'en', 'language');
delete from app.phones where user_id = test.id('ann');
select is((api.profile_change('sms', null)).code, 'no_phone', 'no phone to prefer');
delete from app.authenticators where user_id = test.id('ann');
select is((api.profile_change('authenticator', null)).code, 'no_authenticator', 'no authenticator to prefer');
select * from finish();
rollback;
