-- Goal: a launch makes the user, gives a ticket that works once within 60 seconds, and never raises a role.
begin;
select no_plan();
select test.store('alpha'), test.store('beta') \g /dev/null

create function pg_temp.launch(p_name text, p_role text, p_idem text, p_external text default null, p_return text default null, p_origin text default null)
returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform test.backend('alpha', p_idem);
  select * into r from api.launch_create(test.id(p_idem || ' launch'), test.id(p_name), test.hash(p_idem || ' ticket'), coalesce(p_external, p_name), p_name || '@shop.example',
    p_name, p_role, null, '/profile', p_return, p_origin, '\x71cce7', 'http://{slug}.panel.example/launch');
  return r;
end
$$;
create function pg_temp.redeem(p_ticket text, p_token text, p_slug text default 'alpha') returns api.reply language plpgsql as $$
declare r api.reply;
begin
  perform api.enter_host(p_slug, gen_random_uuid(), '192.0.2.1');
  select * into r from api.launch_redeem(test.hash(p_ticket), test.id(p_token), convert_to(p_token, 'utf8'), 'Chrome on Linux');
  return r;
end
$$;

select is((r).status, 201, 'launched') || E'\n' || is((r).body->>'post_to', 'http://alpha.panel.example/launch', 'where to post') || E'\n' || is((r).sealed, '\x71cce7'::bytea, 'the sealed ticket')
    || E'\n' || is((r).body->'user'->>'role', 'admin', 'the first user is the owner, but claimed admin') || E'\n' || is((r).body->>'expires_at', app.time(now() + interval '60 seconds'), 'for 60 seconds')
  from (select pg_temp.launch('ann', 'admin', 'l1') r offset 0) x;
select is((select role from app.users where user_id = test.id('ann')), 'owner', 'the first user of a store becomes its owner');
select is((pg_temp.launch('ann', 'viewer', 'l2')).body->'user'->>'role', 'viewer', 'a launch may lower a role');
select is((select role from app.users where user_id = test.id('ann')), 'owner', 'but only its own');
select is((pg_temp.launch('ann', 'owner', 'l3')).body->'user'->>'role', 'owner', 'the owner is the owner');
select is((pg_temp.launch('bob', 'owner', 'l4')).body->'user'->>'role', 'admin', 'a later user is at most admin');
select is((pg_temp.launch('eve', 'viewer', 'l5')).body->'user'->>'role', 'viewer', 'or less');
select is((pg_temp.launch('eve', 'owner', 'l6')).body->'user'->>'role', 'viewer', 'a launch never raises a stored role');
select is((pg_temp.launch('someone', 'viewer', 'l7', 'ann')).body->'user'->>'id', app.typeid('user', test.id('ann')), 'users are known by external_id');
select is((select name from app.users where external_id = 'ann'), 'someone', 'name and e-mail follow the last launch');
select is((select count(*) from app.users), 3::bigint, 'three users');
select is((pg_temp.launch('ann', 'admin', 'l1')).replayed, true, 'the same call again is the first answer');
select is((pg_temp.launch('ann', 'admin', 'l8', null, 'https://evil.example/x', 'https://evil.example')).code, 'body_invalid', 'a return_url of a strange origin');
select is((pg_temp.launch('ann', 'admin', 'l9', null, 'https://evil.example/x', null)).body->'errors'->0->>'pointer', '/return_url', 'or of none');
select is((pg_temp.launch('ann', 'admin', 'l10', null, 'https://shop.example/x', 'https://shop.example')).status, 201, 'of a registered one');

-- redeem
select is((r).status, 200, 'redeemed') || E'\n' || is((r).body->>'user_id', test.id('ann')::text, 'by ann') || E'\n' || is((r).body->>'tenant_id', test.id('alpha')::text, 'of alpha')
  from (select pg_temp.redeem('l1 ticket', 'token1') r offset 0) x;
select is((select token_hash from app.sessions), sha256(uuid_send(test.id('alpha')) || uuid_send(test.id('ann')) || convert_to('token1', 'utf8')), 'the hash covers tenant, user and secret');
select is((select row(state, role, destination, expires_at)::text from app.sessions), row('launched', 'admin', '/profile', now() + interval '10 minutes')::text, 'a launched session of 10 minutes');
select is((pg_temp.redeem('l1 ticket', 'token2')).code, 'launch_expired', 'once only');
select is((pg_temp.redeem('no ticket', 'token2')).code, 'launch_expired', 'an unknown ticket');
select is((pg_temp.redeem('l2 ticket', 'token2', 'beta')).code, 'launch_expired', 'at another store''s host');
select is((pg_temp.redeem('l2 ticket', 'token2', 'nowhere')).code, 'launch_expired', 'at no host');
update app.launches set expires_at = now() where launch_id = test.id('l2 launch');
select is((pg_temp.redeem('l2 ticket', 'token2')).code, 'launch_expired', 'at 60 s');
update app.launches set expires_at = now() + interval '1 second' where launch_id = test.id('l2 launch');
select is((pg_temp.redeem('l2 ticket', 'token2')).status, 200, 'at 59 s');
update app.users set removed_at = now() where user_id = test.id('bob');
select is((pg_temp.redeem('l4 ticket', 'token3')).code, 'launch_expired', 'of a removed user');
select is((pg_temp.launch('bob', 'admin', 'l11')).code, 'not_found', 'who is not launched again either');
select is((select count(*) from app.sessions), 2::bigint, 'two sessions came of all that');

-- revoke
select test.backend('alpha') \g /dev/null
select is((api.launch_revoke(test.id('l3 launch'))).status, 204, 'revoked');
select is((api.launch_revoke(test.id('l3 launch'))).code, 'not_found', 'once');
select is((api.launch_revoke(test.id('l1 launch'))).code, 'not_found', 'not after it was redeemed');
select is((pg_temp.redeem('l3 ticket', 'token4')).code, 'launch_expired', 'a revoked ticket');
select test.backend('beta') \g /dev/null
select is((api.launch_revoke(test.id('l5 launch'))).code, 'not_found', 'another store''s launch');
select test.backend('alpha') \g /dev/null
update app.launches set expires_at = now() where launch_id = test.id('l5 launch');
select is((api.launch_revoke(test.id('l5 launch'))).code, 'not_found', 'nor after it ran out');

-- a test key's launch stays a test
update app.tenant_keys set mode = 'test' where tenant_id = test.id('alpha');
select is((pg_temp.launch('ann', 'admin', 'l12')).status, 201, 'launched by a test key') || E'\n' || is((pg_temp.redeem('l12 ticket', 'token5')).status, 200, 'redeemed');
select is((select mode from app.sessions where session_id = test.id('token5')), 'test', 'the session is a test too');
select * from finish();
rollback;
