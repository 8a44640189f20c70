-- Goal: phone, authenticator and backup codes: set up, changed, removed; the last method stays; nothing without proof (security.md ENR-1, TOTP-5, LKP-3).
begin;
select no_plan();
select test.store('alpha'), test.person('alpha', 'ann'), test.session('alpha', 'ann', 't1', 'launched') \g /dev/null
create function pg_temp.save(p_number text, p_phone text, p_country text default 'US') returns api.reply language sql as $$
  select x from api.phone_save(test.id(p_phone), '\x5ea1ed', test.hash('alpha' || p_number), test.hash(p_number), p_country, 'mobile', 'range ' || p_number, '+1 ••• ••' || right(p_number, 2), '1') x $$;
create function pg_temp.prove(p_challenge text, p_code text, p_token text) returns api.reply language sql as $$
  select x from api.phone_verify(test.id(p_challenge), test.hash(p_code), null, test.id(p_token), test.hash(p_token)) x $$;

-- first set-up by text message
select test.enter('alpha', 'ann', 't1', 'set_up') \g /dev/null
select is((test.send('phone_send_code', 'c0', 's0')).code, 'no_phone', 'nothing to send to yet');
select is((r).code, 'country_not_allowed', 'a number of another country') || E'\n' || is((r).body->'errors'->0->>'pointer', '/number', 'names the field') from (select pg_temp.save('+49 11', 'p0', 'DE') r offset 0) x;
select is((r).status, 200, 'saved') || E'\n' || is((r).body->'phone'->>'state', 'unverified', '"The phone number is not verified"') from (select pg_temp.save('+1 11', 'p1') r offset 0) x;
select is((select count(*) from app.sends), 0::bigint, 'nothing is sent by saving');
select is((pg_temp.save('+1 11', 'p1 again')).body->'phone'->>'id', app.typeid('phone', test.id('p1')), 'saved again it is the same');
select is((select consent_version || consent_address from app.phones), '1192.0.2.1', 'the consent is kept');
select is((r).status, 202, 'a code is sent') || E'\n' || is((r).body->>'purpose', 'phone_set_up', 'to set up') || E'\n' || is((r).body->>'to', '+1 ••• ••11', 'to this number') from (select test.send('phone_send_code', 'c1', 's1') r offset 0) x;
select is((pg_temp.save('+1 22', 'p2')).status, 200, 'another number instead');
select is((pg_temp.prove('c1', 'c1 code', 'x')).code, 'code_expired', 'voids the code to the first');
select is((test.send('phone_send_code', 'c2', 's2')).status, 202, 'a code to the second needs no wait');
select is((pg_temp.prove('c2', 'wrong', 'x')).code, 'code_wrong', 'a wrong code');
select is((r).status, 200, '"The phone number is verified"') || E'\n' || is((r).body->>'removed', 'false', 'there was no other') || E'\n' || is((r).body->'session'->>'state', 'ready', 'the session rises')
    || E'\n' || is((r).body->'session'->>'preferred_method', 'sms', 'preferred, being the first') || E'\n' || is((r).body->'session'->'phone'->>'state', 'verified', 'verified')
  from (select pg_temp.prove('c2', 'c2 code', 't2') r offset 0) x;
select is(test.enter('alpha', 'ann', 't1'), 'session_required', 'the launched token is dead') || E'\n' || is(test.enter('alpha', 'ann', 't2', 'fresh'), null, 'the new one is fresh');
select is((test.send('phone_send_code', 'c3', 's3')).code, 'phone_verified_already', 'nothing waits to be verified');
select is((pg_temp.save('+1 22', 'p3')).code, 'phone_verified_already', 'the number in use again');
select is((pg_temp.save('+1 33', 'p3')).code, 'proof_required', 'another one needs proof');
select is((api.phone_remove()).code, 'last_method', 'the last method stays');

-- change: proof by the current phone
create function pg_temp.change(p_challenge text, p_code text, p_backup text default null, p_totp boolean default false) returns api.reply language sql as $$
  select x from api.phone_change(test.id(p_challenge), test.hash(nullif(p_code, '')), null, test.hash(p_backup), null, p_totp) x $$;
select is((r).body->>'purpose', 'phone_change', 'a code to the number in use') from (select test.send('phone_change_send_code', 'c4', 's4') r offset 0) x;
select is((pg_temp.change('c4', 'wrong')).code, 'code_wrong', 'a wrong one');
select is((pg_temp.change('c4', 'c4 code')).body->>'change_until', app.time(now() + interval '10 minutes'), 'the right one opens the change for 10 minutes');
update app.sessions set change_until = now();
select is((pg_temp.save('+1 33', 'p3')).code, 'proof_required', 'not longer');
update app.sessions set change_until = now() + interval '1 second';
select is((pg_temp.save('+1 33', 'p3')).status, 200, 'the new number is saved');
select is((r).body->'phone'->>'hint', '+1 ••• ••22', 'the old one stays in use') || E'\n' || is((r).body->'pending_phone'->>'hint', '+1 ••• ••33', 'the new one waits') from (select api.session_read(null) r offset 0) x;
select is((test.send('phone_send_code', 'c5', 's5')).status, 202, 'a code to the new one');
update app.sessions set second_step_at = now() - interval '14 minutes';
select is((r).body->>'removed', 'true', '"Success! Phone number removed"') || E'\n' || is((r).body->'session'->'phone'->>'hint', '+1 ••• ••33', 'the new one is in use')
    || E'\n' || is((r).body->'session'->>'fresh_until', app.time(now() + interval '1 minute'), 'a new number makes no session fresher')
  from (select pg_temp.prove('c5', 'c5 code', 't3') r offset 0) x;
select is((select count(*) from app.phones), 1::bigint, 'one number is left');
select is((select change_until from app.sessions), null, 'the proof is used up');

-- authenticator
select test.enter('alpha', 'ann', 't3', 'fresh') \g /dev/null
select is((api.authenticator_check()).code, 'no_authenticator', 'nothing was shown') || E'\n' || is((api.authenticator_remove()).code, 'no_authenticator', 'nothing to remove');
select is((r).status, 201, 'shown') || E'\n' || is((r).body->>'expires_at', app.time(now() + interval '10 minutes'), 'for 10 minutes') || E'\n' || is((r).body->>'store', 'Store alpha', 'the store')
    || E'\n' || is((r).body->>'account', 'ann@shop.example', 'the account') from (select api.authenticator_start(test.id('a1'), '\x01') r offset 0) x;
select is((api.authenticator_start(test.id('a2'), '\x02')).status, 201, 'shown again');
select is((api.authenticator_check()).sealed, '\x02'::bytea, 'the later one counts');
create function pg_temp.activate(p_app text, p_step bigint, p_token text) returns api.reply language sql as $$ select x from api.authenticator_activate(test.id(p_app), p_step, test.id(p_token), test.hash(p_token)) x $$;
select is((pg_temp.activate('a2', null, 'x')).code, 'code_wrong', 'a wrong code') || E'\n' || is((pg_temp.activate('a1', 50, 'x')).code, 'set_up_expired', 'the earlier one is void');
update app.authenticators set expires_at = now();
select is((api.authenticator_check()).code, 'set_up_expired', 'after 10 minutes') || E'\n' || is((pg_temp.activate('a2', 50, 'x')).code, 'set_up_expired', 'nothing is activated');
update app.authenticators set expires_at = now() + interval '1 second';
select is((r).status, 200, 'proved in time') || E'\n' || is((r).body->'session'->'methods'->0->>'method', 'authenticator', 'a method') || E'\n' || is((r).body->'session'->>'preferred_method', 'sms', 'the preference stays')
  from (select pg_temp.activate('a2', 50, 't4') r offset 0) x;
select is((select row(state, last_step, expires_at)::text from app.authenticators), '(active,50,)', 'active, its first step spent');
select test.enter('alpha', 'ann', 't4', 'fresh') \g /dev/null
select is((api.authenticator_start(test.id('a3'), '\x03')).status, 201, 'a new one is shown');
select is((select count(*) from app.authenticators), 2::bigint, 'the old one stays in use');
select is((api.authenticator_check()).status, 102, 'tried');
update app.users set wrong_codes = 10, locked_until = now() + interval '1 minute';
select is((api.authenticator_check()).code, 'locked', 'not by the locked') || E'\n' || is((pg_temp.prove('c5', 'c5 code', 'x')).code, 'locked', 'nor a phone') || E'\n' || is((test.send('phone_send_code', 'c9', 's9')).code, 'locked', 'nor is a text sent')
    || E'\n' || is((test.send('phone_change_send_code', 'c9', 's9')).code, 'locked', 'for no purpose');
update app.users set wrong_codes = 0, locked_until = null;
select is((pg_temp.activate('a3', 60, 't5')).status, 200, 'proved');
select is((select string_agg(authenticator_id::text, ',') from app.authenticators), test.id('a3')::text, 'the old one is gone');
-- proof by authenticator and backup code
select test.enter('alpha', 'ann', 't5', 'fresh') \g /dev/null
select is((api.backup_codes_create(to_json(array[encode(test.hash('one'), 'hex'), encode(test.hash('two'), 'hex')]))).body->>'left', '2', 'backup codes');
select is((pg_temp.change('', '', p_backup => 'one')).status, 200, 'prove a change, too');
select is((pg_temp.change('', 'x', p_totp => true)).status, 102, 'so may an authenticator code');
select is((api.phone_change_totp(test.id('a3'), null, null)).code, 'code_wrong', 'if it is right') || E'\n' || is((api.phone_change_totp(test.id('a3'), 61, null)).status, 200, 'which it is') || E'\n' || is((api.phone_change_totp(test.id('a3'), 61, null)).code, 'code_expired', 'once');
select is((api.backup_codes_create(to_json(array[encode(test.hash('three'), 'hex')]))).body->>'left', '1', 'a new set');
select is((pg_temp.change('', '', p_backup => 'two')).code, 'code_wrong', 'voids the old one') || E'\n' || is((pg_temp.change('', '', p_backup => 'three')).status, 200, 'and works');

-- remove
select is((api.authenticator_remove()).status, 204, 'the phone is left, so the authenticator may go');
select is((api.authenticator_remove()).code, 'no_authenticator', 'once');
select is((api.phone_remove()).code, 'last_method', 'now the phone is the last');
select is((api.authenticator_start(test.id('a4'), '\x04')).status, 201, 'shown is not proved');
select is((api.phone_remove()).code, 'last_method', 'and does not count');
select is((pg_temp.activate('a4', 70, 't6')).status, 200, 'proved');
select test.enter('alpha', 'ann', 't6', 'fresh') \g /dev/null
select is((api.phone_change_send_code(test.id('c10'), test.id('s10'), test.hash('c10 code'), '\x01', 1, 1)).status, 202, 'a code is under way');
select is((api.phone_remove()).status, 204, 'the phone goes');
select is((select state from app.challenges where challenge_id = test.id('c10')), 'superseded', 'and its code with it');
select is((api.phone_remove()).code, 'no_phone', 'once') || E'\n' || is((select preferred_method from app.users), null, 'it is not preferred any more');
select is((test.send('phone_change_send_code', 'c11', 's11')).code, 'no_phone', 'nothing to send to');
select * from finish();
rollback;
