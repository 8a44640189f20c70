-- Goal: tenants and their keys: every success, every refusal; Idempotency-Key as the contract says.
begin;
select no_plan();
select test.platform_key() \g /dev/null

create function pg_temp.create_tenant(p_slug text, p_name text, p_key text, p_body text default 'body') returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform test.platform(null, p_key, p_body);
  select * into r from api.tenant_create(test.id(p_name), p_slug, p_name, 'US', 'en', '["https://shop.example"]', null, null, null, null, false);
  return r;
end
$$;
select is((r).status, 201, 'made') || E'\n' || is((r).body->>'slug', 'acme-toys', 'with its slug') || E'\n' || is((r).etag, '1', 'and its first version')
    || E'\n' || is((r).body->>'id', app.typeid('tenant', test.id('Acme')), 'and the id that C drew') || E'\n' || is((r).body->>'status', 'active', 'active unless said')
    || E'\n' || is((r).body->'sms_countries'->>0, 'US', 'texts to its own country only') || E'\n' || is((r).replayed, false, 'the first answer is no replay')
  from (select pg_temp.create_tenant('acme-toys', 'Acme', 'k1') r offset 0) x;
select is((r).status, 201, 'the same call again') || E'\n' || is((r).replayed, true, 'is the first answer again') || E'\n' || is((r).body->>'id', app.typeid('tenant', test.id('Acme')), 'with the first id')
  from (select pg_temp.create_tenant('acme-toys', 'Acme twice', 'k1') r offset 0) x;
select is((pg_temp.create_tenant('acme-toys', 'Acme', 'k1', 'other')).code, 'idempotency_key_reused', 'the same key for another body');
select is((pg_temp.create_tenant('acme-toys', 'Second', 'k2')).code, 'slug_taken', 'a slug taken');
select is((pg_temp.create_tenant('acme-toys', 'Second', 'k2')).replayed, true, 'a refusal is remembered too');
select is((pg_temp.create_tenant('other', 'Other', null)).code, 'idempotency_key_missing', 'no key, nothing done');
select is((select count(*) from app.tenants), 1::bigint, 'one tenant came of all that');
select is((select count(*) from app.slugs), 1::bigint, 'and one slug');
select is((select count(*) from app.events where kind = 'tenant_created'), 1::bigint, 'and one event');
-- the record holds for 24 hours
update app.idempotency set created_at = now() - interval '24 hours' + interval '1 second';
select is((pg_temp.create_tenant('acme-toys', 'Acme twice', 'k1')).replayed, true, 'remembered at 23:59:59');
update app.idempotency set created_at = now() - interval '24 hours';
select is((pg_temp.create_tenant('acme-toys', 'Acme twice', 'k1')).code, 'slug_taken', 'forgotten at 24:00:00');
-- another caller's key of the same text is another key
insert into app.platform_keys (key_id, key_hash, name, mode, prefix) values (test.id('key two'), test.hash('key two'), 'two', 'live', 'x');
select is((select code from api.enter_platform(test.hash('key two'), null, test.id('r'), '', 'k9', test.hash('x'), 'tenants:write')), null, 'another platform key');
select is((api.tenant_create(test.id('Nine'), 'nine', 'Nine', 'DE', 'de', '[]', '["DE", "AT"]', 600, 'trial', null, false)).status, 201, 'uses k9');
select is((pg_temp.create_tenant('ten', 'Ten', 'k9')).status, 201, 'and so may the first, for something else');

-- read, list
select test.platform('x') \g /dev/null
select is((api.tenant_read()).code, 'not_found', 'an unknown tenant');
select is((api.tenant_change('"1"', 'x', null, null, null, null, null, null)).code, 'not_found', 'is not changed either');
select is((select code from api.enter_platform(test.hash('platform key'), test.id('Acme'), test.id('r'), '', null, null, 'tenants:write')), null, 'with Acme in the path');
select is((api.tenant_read()).body->>'name', 'Acme', 'read') || E'\n' || is((api.tenant_read()).etag, '1', 'with its version');
select test.platform() \g /dev/null
select is(json_array_length((api.tenant_list(50, null, null, null)).body->'items'), 3, 'the list has all three');
select is((api.tenant_list(50, null, null, null)).body->>'next_cursor', null, 'and no next page');
select is(json_array_length((api.tenant_list(3, null, null, null)).body->'items'), 3, 'a page of exactly three') || E'\n' || is((api.tenant_list(3, null, null, null)).body->>'next_cursor', null, 'is the last');
select is((api.tenant_list(2, null, null, null)).body->>'next_cursor', (api.tenant_list(2, null, null, null)).body->'items'->1->>'id', 'a full page leads on from its last');
select is((api.tenant_list(2, (select tenant_id from app.tenants order by 1 offset 1 limit 1), null, null)).body->'items'->0->>'id',
          (select app.typeid('tenant', tenant_id) from app.tenants order by tenant_id offset 2 limit 1), 'to the third');
select is((api.tenant_list(50, 'ffffffff-ffff-ffff-ffff-ffffffffffff', null, null)).body->'items'->>0, null, 'behind the end there is nothing');

-- change
create function pg_temp.at(p_name text, p_key text default null) returns text language sql as $$
  select code from api.enter_platform(test.hash('platform key'), test.id(p_name), gen_random_uuid(), '', p_key, test.hash('body'), 'tenants:write') $$;
select pg_temp.at('Acme') \g /dev/null
select is((api.tenant_change(null, 'x', null, null, null, null, null, null)).code, 'precondition_required', 'no If-Match');
select is((api.tenant_change('"2"', 'x', null, null, null, null, null, null)).code, 'precondition_failed', 'an old If-Match');
select is((api.tenant_change('"1"', 'Acme Ltd', 'de', null, '["US", "CA"]', 120, null, null)).body->>'name', 'Acme Ltd', 'changed');
select is((api.tenant_change('"1"', 'x', null, null, null, null, null, null)).code, 'precondition_failed', 'the same If-Match works once');
select is((r).body->>'locale', 'de', 'what was null stays') || E'\n' || is((r).etag, '3', 'each change is a version') || E'\n' || is((r).body->'return_origins'->>0, 'https://shop.example', 'also lists')
  from (select api.tenant_change('"2"', null, null, null, null, 600, null, null) r offset 0) x;

-- suspend, resume
select test.person('Acme', 'ann'), test.session('Acme', 'ann', 't1') \g /dev/null
insert into app.launches (tenant_id, launch_id, user_id, ticket_hash, role, mode, destination, expires_at)
values (test.id('Acme'), test.id('l'), test.id('ann'), test.hash('ticket'), 'admin', 'live', '/', now() + interval '1 minute');
insert into app.devices (tenant_id, user_id, device_hash, device_id, name, expires_at) values (test.id('Acme'), test.id('ann'), test.hash('d'), test.id('d'), 'x', now() + interval '14 days');
select pg_temp.at('Acme', 's1') \g /dev/null
select is((api.tenant_suspend('fraud')).body->>'status', 'suspended', 'suspended');
select is((select count(*) from app.sessions) + (select count(*) from app.devices) + (select count(*) from app.launches where state = 'open'), 0::bigint, 'sessions, devices and launches ended with it');
select pg_temp.at('Acme', 's2') \g /dev/null
select is((api.tenant_suspend('fraud')).status, 200, 'suspended twice is suspended');
select is((select version from app.tenants where tenant_id = test.id('Acme')), 4, 'and changes nothing');
select pg_temp.at('Acme', 's3') \g /dev/null
select is((api.tenant_resume('cleared', null)).body->>'status', 'active', 'resumed');
select pg_temp.at('Acme', 's4') \g /dev/null
select is((api.tenant_resume('cleared', null)).status, 200, 'resumed twice is active');
-- a suspended trial once came back as a paying tenant
update app.tenants set status = 'trial' where tenant_id = test.id('Acme');
select pg_temp.at('Acme', 's5') \g /dev/null
select is((api.tenant_suspend('late')).body->>'status', 'suspended', 'a trial is suspended');
select pg_temp.at('Acme', 's6') \g /dev/null
select is((api.tenant_resume('paid', null)).body->>'status', 'trial', 'and resumes as a trial');
update app.tenants set status = 'active' where tenant_id = test.id('Acme');
select pg_temp.at('Acme', 's1') \g /dev/null
select is((api.tenant_suspend('fraud')).replayed, true, 'a repeated old call is only answered');
select is((select status from app.tenants where tenant_id = test.id('Acme')), 'active', 'and suspends nothing');
select pg_temp.at('x', 's5') \g /dev/null
select is((api.tenant_suspend('fraud')).code, 'not_found', 'an unknown tenant');
select pg_temp.at('x', 's6') \g /dev/null
select is((api.tenant_resume('fraud', null)).code, 'not_found', 'an unknown tenant');

-- keys
create function pg_temp.create_key(p_name text, p_idem text) returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform pg_temp.at('Acme', p_idem);
  select * into r from api.key_create(test.id(p_name), p_name, null, null, test.hash(p_name), 'tgt_live_' || left(p_name, 6), '\x5ea1ed');
  return r;
end
$$;
select is((r).status, 201, 'a key') || E'\n' || is((r).sealed, '\x5ea1ed'::bytea, 'with its sealed text') || E'\n' || is((r).body->>'mode', 'live', 'live unless said')
  from (select pg_temp.create_key('key 1', 'c1') r offset 0) x;
select is((r).sealed, '\x5ea1ed'::bytea, 'a replay brings the sealed text of the first') || E'\n' || is((r).body->>'id', app.typeid('key', test.id('key 1')), 'and its id')
  from (select pg_temp.create_key('key again', 'c1') r offset 0) x;
select is((pg_temp.create_key('key ' || n, 'c' || n)).status, 201, 'key ' || n) from generate_series(2, 10) n;
select is((pg_temp.create_key('key 11', 'c11')).code, 'too_many_keys', 'the eleventh is one too many');
select pg_temp.at('Acme') \g /dev/null
select is((api.key_revoke(test.id('key 3'))).status, 204, 'one is revoked');
select is((api.key_revoke(test.id('key 3'))).status, 204, 'again');
select is((api.key_revoke(test.id('key 99'))).code, 'not_found', 'one that never was');
select is((select count(*) from app.events where kind = 'key_revoked'), 1::bigint, 'one event');
select is((pg_temp.create_key('key 12', 'c12')).status, 201, 'makes room for another');
select is(json_array_length((api.key_list(50, null)).body->'items'), 11, 'the list shows revoked ones too');
select is(json_array_length((api.key_list(5, (select key_id from app.tenant_keys order by 1 offset 9 limit 1))).body->'items'), 1, 'page by page');
select is((select code from api.enter_tenant(test.id('Acme'), test.hash('key 3'), test.id('r'), '', null, null, 'launches')), 'key_refused', 'revoked is refused');
select is((select code from api.enter_tenant(test.id('Acme'), test.hash('key 1'), test.id('r'), '', null, null, 'launches')), null, 'the others are not');
select pg_temp.at('Nine') \g /dev/null
select is((api.key_revoke(test.id('key 1'))).code, 'not_found', 'another tenant''s key is unknown');
select is((api.key_list(50, null)).body->>'items', '[]', 'and not listed');
select pg_temp.at('x', 'c20') \g /dev/null
select is((api.key_create(test.id('k'), 'k', 'test', null, test.hash('k'), 'x', '\x00')).code, 'not_found', 'no tenant, no key');
select is((api.key_list(50, null)).code, 'not_found', 'no tenant, no list');

-- a store is not the platform
select is((select code from api.enter_tenant(test.id('Acme'), test.hash('key 1'), test.id('r'), '', null, null, 'launches')), null, 'a store enters');
select is((api.tenant_list(50, null, null, null)).code, 'key_refused', 'lists no tenants') || E'\n' || is((api.tenant_read()).code, 'key_refused', 'reads none')
    || E'\n' || is((api.key_list(50, null)).code, 'key_refused', 'lists no keys') || E'\n' || is((api.tenant_suspend('x')).code, 'key_refused', 'suspends nobody');
select * from finish();
rollback;
