-- Goal: a launch key answers from its making to its end, its kids lead to it alone, and a token that it signed opens one session.
begin;
select no_plan();
select test.store('alpha'), test.store('beta'), test.platform_key() \g /dev/null

create function pg_temp.keys(variadic p_kids text[]) returns json language sql as $$
  select coalesce(json_agg(json_build_object('kid', split_part(k, '=', 1), 'public_key', encode(test.hash(k), 'hex'))), '[]') from unnest(p_kids) k
$$;
create function pg_temp.make(p_key text, variadic p_kids text[]) returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform test.platform('alpha', p_key, p_key);
  select * into r from api.launch_key_create(test.id(p_key), p_key, 'live', 'EdDSA', 'jwk', pg_temp.keys(variadic p_kids), null, null, false);
  return r;
end
$$;
create function pg_temp.rotate(p_old text, p_grace bigint, p_key text, variadic p_kids text[]) returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform test.platform('alpha', p_key, p_key);
  select * into r from api.launch_key_rotate(test.id(p_old), p_grace, test.id(p_key), null, 'ES256', 'jwks', pg_temp.keys(variadic p_kids), null, null, false);
  return r;
end
$$;
create function pg_temp.find(p_kid text, p_slug text default 'alpha') returns json language plpgsql as $$
declare r api.reply;
begin
  perform api.enter_host(p_slug, gen_random_uuid(), '192.0.2.1');
  select * into r from api.launch_key_find(p_kid);
  return coalesce(r.body, json_build_object('why', r.code));
end
$$;
create function pg_temp.redeem(p_key text, p_jti text, p_who text default 'ann', p_return text default null, p_origin text default null,
                               p_life interval default '90 seconds', p_slug text default 'alpha') returns text language plpgsql as $$
declare r api.reply;
begin
  perform api.enter_host(p_slug, gen_random_uuid(), '192.0.2.1');
  select * into r from api.launch_token_redeem(test.id(p_key), test.hash(p_jti), floor(extract(epoch from now() + p_life))::bigint, test.id(p_who), p_who,
    p_who || '@shop.example', p_who || ' by ' || p_jti, 'admin', null, '/profile', p_return, p_origin, test.id(p_jti || ' session'), convert_to(p_jti, 'utf8'), 'Chrome');
  return coalesce(r.body->>'why', r.code, r.status::text);
end
$$;

-- made, found, revoked
select is((r).status, 201, 'made') || E'\n' || is((r).body->>'id', app.typeid('launch_key', test.id('k1')), 'its id') || E'\n' || is((r).body->'kids'->>0, 'a', 'its kid')
  from (select pg_temp.make('k1', 'a') r offset 0) x;
select is((pg_temp.make('k1', 'a')).replayed, true, 'again: the first answer');
select is(pg_temp.find('a')->>'launch_key', test.id('k1')::text, 'found by its kid') || E'\n' || is(pg_temp.find('a')->>'public_key', encode(test.hash('a'), 'hex'), 'with its public key')
    || E'\n' || is(pg_temp.find('a')->>'tenant', app.typeid('tenant', test.id('alpha')), 'and whose it is');
select is(pg_temp.find('b')->>'why', 'key_unknown', 'an unknown kid') || E'\n' || is(pg_temp.find('a', 'beta')->>'why', 'key_unknown', 'at another store''s host')
    || E'\n' || is(pg_temp.find('a', 'nowhere')->>'why', 'launch_expired', 'at no host') || E'\n' || is(pg_temp.find('A')->>'why', 'key_unknown', 'kids are exact');
select is((pg_temp.make('k0', 'x', 'a')).code, 'kid_taken', 'a kid belongs to one key');
select is((select count(*) from app.launch_keys), 1::bigint, 'and nothing was kept');
select test.platform('beta', 'other', 'other') \g /dev/null
select is((api.launch_key_create(test.id('kb'), 'kb', 'live', 'EdDSA', 'jwk', pg_temp.keys('a'), null, null, false)).status, 201, 'of its store: another store may have the same');
select is((api.launch_key_revoke(test.id('k1'))).code, 'not_found', 'another store''s key is not there');
select test.platform('alpha') \g /dev/null
select is((api.launch_key_revoke(test.id('k1'))).status, 204, 'revoked') || E'\n' || is((api.launch_key_revoke(test.id('k1'))).status, 204, 'again') || E'\n' || is((api.launch_key_revoke(test.id('no'))).code, 'not_found', 'one that never was');
select is(pg_temp.find('a')->>'why', 'key_ended', 'not found any more') || E'\n' || is(pg_temp.find('a', 'beta')->>'launch_key', test.id('kb')::text, 'the other store''s is');
select is((pg_temp.make('k2', 'a')).status, 201, 'its kid is free') || E'\n' || is(pg_temp.find('a')->>'launch_key', test.id('k2')::text, 'and leads to the new one');
select is((select count(*) from app.events where kind in ('launch_key_created', 'launch_key_revoked') and tenant_id = test.id('alpha')), 3::bigint, 'the trail has it');

-- rotated
select is((pg_temp.rotate('k2', 60, 'k3', 'a', 'b')).code, null, 'a new set that still names the old key') || E'\n' || is(pg_temp.find('a')->>'launch_key', test.id('k3')::text, 'takes it over')
    || E'\n' || is(pg_temp.find('b')->>'launch_key', test.id('k3')::text, 'beside its new one');
select is((pg_temp.rotate('k3', 60, 'k0 again', 'a=other', 'c')).code, 'kid_taken', 'but not with another public key') || E'\n' || is(pg_temp.find('a')->>'launch_key', test.id('k3')::text, 'nothing changed');
select is((select expires_at from app.launch_keys where launch_key_id = test.id('k3')), null, 'the old one does not end either');
select is((pg_temp.rotate('k3', 60, 'k4', 'c')).status, 201, 'rotated with a grace') || E'\n' || is(pg_temp.find('b')->>'launch_key', test.id('k3')::text, 'the old one answers') || E'\n' || is(pg_temp.find('c')->>'algorithm', 'ES256', 'the new one too, each by its own algorithm');
update app.launch_keys set expires_at = now() where launch_key_id = test.id('k3');
select is(pg_temp.find('b')->>'why', 'key_ended', 'until its grace is over');
select is((pg_temp.rotate('k3', 60, 'k0 ended', 'd')).code, 'key_ended', 'what has ended is not rotated');
select is((pg_temp.rotate('k4', 0, 'k5', 'c=new')).status, 201, 'without a grace the same kid may have another public key') || E'\n' || is(pg_temp.find('c')->>'public_key', encode(test.hash('c=new'), 'hex'), 'at once');
select is((pg_temp.rotate('k5', 604800, 'k6', 'e')).status, 201, 'for a week at most');
select is((select expires_at from app.launch_keys where launch_key_id = test.id('k5')), now() + interval '7 days', 'that is when it ends');
select is((pg_temp.rotate('k5', 60, 'k7', 'f')).status, 201, 'once more');
select is((select expires_at from app.launch_keys where launch_key_id = test.id('k5')), now() + interval '60 seconds', 'a later rotation only brings the end forward');
select is(count(*) filter (where (pg_temp.make('more ' || n, 'm' || n)).status = 201), 6::bigint, 'ten live keys at most') from generate_series(1, 9) n;
select is((pg_temp.make('too many', 'z')).code, 'too_many_keys', 'the eleventh is refused') || E'\n' || is((pg_temp.rotate('k6', 60, 'k8', 'z')).code, 'too_many_keys', 'also by a rotation with a grace')
    || E'\n' || is((pg_temp.rotate('k6', 0, 'k9', 'z')).status, 201, 'not by one without');
select test.platform('alpha') \g /dev/null
select is(json_array_length((r).body->'items'), 5, 'listed, five a page') || E'\n' || is((r).body->>'next_cursor', (r).body->'items'->4->>'id', 'with a cursor') from (select api.launch_key_list(5, null) r offset 0) x;
select is((select count(*) from json_array_elements((api.launch_key_list(200, null)).body->'items') i where i->>'revoked_at' is null), 11::bigint, 'all of them') ;

update app.platform_keys set mode = 'test';
select is((pg_temp.rotate('k9', 60, 'k0 test', 'test')).code, 'live_key_required', 'a test key makes no live one');
update app.platform_keys set mode = 'live';
update app.tenants set status = 'deleting', restores_as = 'active', deleted_at = now(), purge_at = now() + interval '30 days' where slug = 'alpha';
select is((pg_temp.make('k0 deleting', 'x')).code, 'tenant_deleting', 'a store that is being deleted gets no key') || E'\n' || is((pg_temp.rotate('k9', 60, 'k0 deleting too', 'x')).code, 'tenant_deleting', 'by no way');
update app.tenants set status = 'active', restores_as = null, deleted_at = null, purge_at = null where slug = 'alpha';

-- redeemed
select is((pg_temp.find('z')->>'now')::bigint, floor(extract(epoch from now()))::bigint, 'the database''s clock decides');
select is(pg_temp.redeem('k9', 'j1'), '200', 'a token opens a session');
select is((select row(state, role, destination, mode)::text from app.sessions), row('launched', 'admin', '/profile', 'live')::text, 'a launched one');
select is((select role from app.users where external_id = 'ann'), 'owner', 'the first user of a store becomes its owner');
select is(pg_temp.redeem('k9', 'j1', 'eve'), 'jti_spent', 'once');
select is((select count(*) from app.users where tenant_id = test.id('alpha')), 1::bigint, 'a replay makes no user');
select is((select row(last_used_at, last_refused_at, last_refusal)::text from app.launch_keys where launch_key_id = test.id('k9')), row(now(), now(), 'jti_spent')::text, 'the key says so');
select is((select count(*) from app.events where kind = 'launch_refused'), 1::bigint, 'and the trail');
select is(pg_temp.redeem('k9', 'j1'), 'jti_spent', 'again');
select is((select count(*) from app.events where kind = 'launch_refused'), 1::bigint, 'the trail notes one a minute');
select is(pg_temp.redeem('k9', 'j2', p_life => '0 seconds'), 'exp', 'at the end of its time') || E'\n' || is(pg_temp.redeem('k9', 'j2', p_life => '1 second'), '200', 'a second before');
select is(pg_temp.redeem('k9', 'j3', p_return => 'https://evil.example/', p_origin => 'https://evil.example'), 'return_url', 'a return_url of a strange origin')
    || E'\n' || is(pg_temp.redeem('k9', 'j3', p_return => 'x', p_origin => null), 'return_url', 'of none')
    || E'\n' || is(pg_temp.redeem('k9', 'j3', p_return => 'https://shop.example/a', p_origin => 'https://shop.example'), '200', 'of a registered one; the refusals did not spend it');
select is(pg_temp.redeem('k1', 'j4'), 'key_ended', 'a revoked key') || E'\n' || is(pg_temp.redeem('kb', 'j4'), 'key_ended', 'another store''s key') || E'\n' || is(pg_temp.redeem('k9', 'j4', p_slug => 'beta'), 'key_ended', 'or at another store''s host');
update app.users set locked_at = now(), lock_reason = 'left' where external_id = 'ann';
select is(pg_temp.redeem('k9', 'j5'), 'user_locked', 'a locked user');
update app.users set locked_at = null, lock_reason = null, removed_at = now() where external_id = 'ann';
select is(pg_temp.redeem('k9', 'j6'), 'not_found', 'a removed one');
update app.tenants set status = 'suspended', resumes_as = 'active' where slug = 'alpha';
select is(pg_temp.redeem('k9', 'j7'), 'launch_expired', 'a suspended store') || E'\n' || is(pg_temp.find('z')->>'why', 'launch_expired', 'not even found');
update app.tenants set status = 'active', resumes_as = null where slug = 'alpha';
select is((select count(*) from app.sessions), 3::bigint, 'three sessions came of all that');

-- sets that are fetched
update app.launch_keys set revoked_at = now() where tenant_id = test.id('alpha');
select app.unpin(), test.platform('alpha', 'url', 'url') \g /dev/null
select is((api.launch_key_create(test.id('u'), 'u', 'test', 'EdDSA', 'jwks_url', '[]', 'https://shop.example/jwks.json', null, false)).status, 201, 'a set behind an address');
create function pg_temp.due() returns json language plpgsql as $$
begin
  perform test.system();
  return (api.jwks_due(10)).body;
end
$$;
create function pg_temp.put(variadic p_kids text[]) returns text language plpgsql as $$
declare r api.reply;
begin
  perform test.system('alpha');
  select * into r from api.jwks_put(test.id('u'), pg_temp.keys(variadic p_kids));
  return coalesce(r.code, r.status::text);
end
$$;
select is(pg_temp.due()->0->>'url', 'https://shop.example/jwks.json', 'is due at once') || E'\n' || is(json_array_length(pg_temp.due()), 0, 'for one worker');
select is(pg_temp.find('u1')->>'refresh', 'false', 'an unknown kid does not make it due within the minute');
select is(pg_temp.put('u1', 'u2'), '204', 'read') || E'\n' || is(pg_temp.find('u1')->>'launch_key', test.id('u')::text, 'found') || E'\n' || is(pg_temp.put('u2', 'u3'), '204', 'read again')
    || E'\n' || is(pg_temp.find('u1')->>'why', 'key_ended', 'what it dropped has ended') || E'\n' || is(pg_temp.find('u2')->>'launch_key', test.id('u')::text, 'what it kept stays') || E'\n' || is(pg_temp.find('u3')->>'launch_key', test.id('u')::text, 'what it added is there');
select is(pg_temp.put('u1'), '204', 'a kid may come back') || E'\n' || is(pg_temp.find('u1')->>'launch_key', test.id('u')::text, 'and is found');
select is(pg_temp.redeem('u', 'ju', 'tom'), '200', 'redeemed');
select is((select mode from app.sessions where session_id = test.id('ju session')), 'test', 'a test key''s session is a test');
select is((pg_temp.make('k10', 't')).status, 201, 'another key') || E'\n' || is(pg_temp.put('u1', 't'), 'kid_taken', 'whose kid the set claims');
select is((select fetch_error from app.launch_keys where launch_key_id = test.id('u')), 'kid_taken', 'the key says why')
    || E'\n' || is(pg_temp.find('u1')->>'launch_key', test.id('u')::text, 'and keeps what it had');
update app.launch_keys set fetch_tried_at = now() - interval '61 seconds', fetch_due_at = now() + interval '10 minutes' where launch_key_id = test.id('u');
select is(pg_temp.find('u9')->>'refresh', 'true', 'a minute after the last try an unknown kid may make it due') || E'\n' || is((api.launch_key_refresh()).status, 204, 'which it does') || E'\n' || is(json_array_length(pg_temp.due()), 1, 'now');
select is((api.launch_key_refresh()).code, 'launch_expired', 'only a host may ask for that');
select test.system('alpha') \g /dev/null
select is((api.jwks_fail(test.id('u'), 'unreachable')).status, 204, 'not reached');
select is((select row(fetch_failures, fetch_error, fetch_due_at)::text from app.launch_keys where launch_key_id = test.id('u')), row(2, 'unreachable', now() + interval '2 minutes')::text, 'the pause doubles');
select count(api.jwks_fail(test.id('u'), 'status')) from generate_series(1, 20) \g /dev/null
select is((select fetch_due_at from app.launch_keys where launch_key_id = test.id('u')), now() + interval '1 hour', 'up to an hour');
update app.launch_keys set fetched_at = now() - interval '1 day' where launch_key_id = test.id('u');
select is(pg_temp.find('u1')->>'why', 'key_stale', 'a day after the last good fetch its keys are not trusted');
select is(pg_temp.put('u1'), '204', 'read at last');
select is((select row(fetch_failures, fetch_error)::text from app.launch_keys where launch_key_id = test.id('u')), row(0, null)::text, 'all is well');
update app.launch_keys set expires_at = now(), fetch_due_at = now() where launch_key_id = test.id('u');
select is(json_array_length(pg_temp.due()), 0, 'an ended key is not fetched');
select is((select fetch_due_at from app.launch_keys where launch_key_id = test.id('u')), 'infinity', 'ever again') || E'\n' || is(pg_temp.put('u7'), '204', 'a late answer')
    || E'\n' || is(pg_temp.find('u7')->>'why', 'key_unknown', 'changes nothing');
select * from finish();
rollback;
