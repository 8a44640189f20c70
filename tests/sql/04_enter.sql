-- Goal: enter lets in who should be, at the level that the route needs, and nobody else; times at their exact bounds.
begin;
select no_plan();
select test.store('alpha'), test.store('beta'), test.person('alpha', 'ann'), test.person('alpha', 'new'), test.person('beta', 'bob'), test.platform_key() \g /dev/null
select test.session('alpha', 'ann', 'ready'), test.session('alpha', 'ann', 'launched', 'launched'), test.session('alpha', 'new', 'first', 'launched'),
       test.phone('alpha', 'ann', '+1') \g /dev/null

-- level × state
select is(test.enter('alpha', 'ann', token, level), code, token || ' wants ' || level) from (values
  ('ready', 'launched', null), ('ready', 'signed_in', null), ('ready', 'set_up', null), ('ready', 'fresh', null),
  ('launched', 'launched', null), ('launched', 'signed_in', 'second_step_required'), ('launched', 'set_up', 'second_step_required'),
  ('launched', 'fresh', 'second_step_required'), ('nonsense', 'launched', 'session_required')) as v (token, level, code);
select is(test.enter('alpha', 'new', 'first', level), code, 'a first launch wants ' || level) from (values
  ('launched', null), ('set_up', null), ('signed_in', 'second_step_required'), ('fresh', 'second_step_required')) as v (level, code);
update app.users set sms_wrong = 100 where user_id = test.id('ann');
select is(test.enter('alpha', 'ann', 'launched', 'set_up'), 'second_step_required', 'a method that is off does not reopen the first set-up');
update app.users set sms_wrong = 0 where user_id = test.id('ann');

-- the host, the tenant and the user must fit
select is((select code from api.enter_session(test.id('alpha'), test.id('ann'), test.hash('ready'), 'beta', 'launched', test.id('r'), '')), 'session_required', 'another store''s host');
select is((select code from api.enter_session(test.id('beta'), test.id('ann'), test.hash('ready'), 'beta', 'launched', test.id('r'), '')), 'session_required', 'another tenant in the cookie');
select is((select code from api.enter_session(test.id('alpha'), test.id('new'), test.hash('ready'), 'alpha', 'launched', test.id('r'), '')), 'session_required', 'another user in the cookie');
select is((select code from api.enter_session(null, null, null, 'alpha', 'launched', test.id('r'), '')), 'session_required', 'an empty cookie');

-- freshness ends after 15 minutes
update app.sessions set second_step_at = now() - interval '15 minutes' + interval '1 second' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready', 'fresh'), null, 'fresh at 14:59');
update app.sessions set second_step_at = now() - interval '15 minutes' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready', 'fresh'), 'fresh_session_required', 'not fresh at 15:00');
select is(test.enter('alpha', 'ann', 'ready', 'set_up'), 'fresh_session_required', 'nor may it set up');
select is(test.enter('alpha', 'ann', 'ready', 'signed_in'), null, 'but it is signed in');
update app.sessions set second_step_at = null where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready', 'fresh'), 'fresh_session_required', 'a device never made it fresh');

-- idle 15 minutes; touched once a minute
update app.sessions set seen_at = now() - interval '59 seconds' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready'), null, 'used after 59 s');
select is((select now() - seen_at from app.sessions where token_hash = test.hash('ready')), interval '59 seconds', 'not written again within the minute');
update app.sessions set seen_at = now() - interval '15 minutes' + interval '1 second' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready'), null, 'idle 14:59');
select is((select seen_at from app.sessions where token_hash = test.hash('ready')), now(), 'and touched');
update app.sessions set seen_at = now() - interval '15 minutes' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready'), 'session_required', 'idle 15:00');
update app.sessions set seen_at = now(), expires_at = now() where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready'), 'session_required', 'at its absolute end');
update app.sessions set expires_at = now() + interval '1 second' where token_hash = test.hash('ready');
select is(test.enter('alpha', 'ann', 'ready'), null, 'a second before it');

-- removed users, suspended tenants
update app.users set removed_at = now() where user_id = test.id('ann');
select is(test.enter('alpha', 'ann', 'ready'), 'session_required', 'a removed user');
update app.users set removed_at = null where user_id = test.id('ann');
update app.tenants set status = 'suspended', resumes_as = 'active' where tenant_id = test.id('alpha');
select is(test.enter('alpha', 'ann', 'ready'), 'tenant_suspended', 'a suspended tenant''s session');
select is(test.backend('alpha'), 'tenant_suspended', 'its key');
select is((select code from api.enter_host('alpha', test.id('r'), '')), 'tenant_suspended', 'its host');
update app.tenants set status = 'deleting', resumes_as = null, restores_as = 'active', deleted_at = now(), purge_at = now() where tenant_id = test.id('alpha');
select is(test.backend('alpha'), 'key_refused', 'a tenant on its way out');
select is((select code from api.enter_host('alpha', test.id('r'), '')), 'host_unknown', 'has no host');
update app.tenants set status = 'trial', restores_as = null, deleted_at = null, purge_at = null where tenant_id = test.id('alpha');
select is(test.enter('alpha', 'ann', 'ready'), null, 'a trial is let in');

-- keys
select is(test.platform(), null, 'the platform''s key');
select is((select last_used_at from app.platform_keys), now(), 'its use is noted');
select is(test.backend('alpha'), null, 'a store''s key');
select is((select last_used_at from app.tenant_keys where tenant_id = test.id('alpha')), now(), 'its use is noted');
select is((select code from api.enter_tenant(test.id('beta'), test.hash('alpha key'), test.id('r'), '', null, null, 'launches')), 'key_refused', 'a key under another tenant''s name');
update app.tenant_keys set revoked_at = now() where tenant_id = test.id('alpha');
select is(test.backend('alpha'), 'key_refused', 'a revoked key');
update app.platform_keys set revoked_at = now();
select is(test.platform(), 'key_refused', 'a revoked platform key');
select is((select code from api.enter_host('alpha', test.id('r'), '')), null, 'a known host');
select is((select code from api.enter_host('api', test.id('r'), '')), 'host_unknown', 'an unknown host');
select * from finish();
rollback;
