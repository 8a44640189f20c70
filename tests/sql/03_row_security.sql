-- Goal: a call without enter, of another tenant, or behind a failed enter sees nothing, in every table (security.md AZ-2).
begin;
select no_plan();

-- two stores with a row in every table
create function pg_temp.fill(p_store text, p_name text) returns void language sql as $$
  select test.store(p_store), test.person(p_store, p_name), test.session(p_store, p_name, p_name || ' token'),
         test.phone(p_store, p_name, '+1 ' || p_name, p_range => 'range ' || p_store), test.authenticator(p_store, p_name),
         test.backup_codes(p_store, p_name, 'one');
  insert into app.launches (tenant_id, launch_id, user_id, ticket_hash, role, mode, destination, expires_at)
  values (test.id(p_store), test.id(p_store || ' launch'), test.id(p_name), test.hash(p_store || ' ticket'), 'admin', 'live', '/', now() + interval '1 minute');
  insert into app.launch_keys (tenant_id, launch_key_id, name, mode, algorithm, source) values (test.id(p_store), test.id(p_store || ' launch key'), 'x', 'live', 'EdDSA', 'jwk');
  insert into app.launch_key_kids (tenant_id, launch_key_id, kid, public_key) values (test.id(p_store), test.id(p_store || ' launch key'), 'k', '\x01');
  insert into app.launch_tokens (tenant_id, jti_hash, expires_at) values (test.id(p_store), test.hash('jti'), now() + interval '90 seconds');
  insert into app.devices (tenant_id, user_id, device_hash, device_id, name, expires_at)
  values (test.id(p_store), test.id(p_name), test.hash(p_name || ' device'), test.id(p_name || ' device'), 'Chrome', now() + interval '14 days');
  insert into app.idempotency (tenant_id, key_id, endpoint, idem_key, body_hash) values (test.id(p_store), test.id('k'), 'x', 'x', '\x00');
  insert into app.purges (tenant_id, deleted_at) values (test.id(p_store || ' before'), now()) on conflict do nothing;
  insert into app.bypasses (tenant_id, user_id, reason, hours, requested_by, requested_key, expires_at)
  values (test.id(p_store), test.id(p_name), 'lost phone', 2, 'Kim', test.id('k'), now() + interval '1 day');
  insert into app.suppressions (platform_index, reason, strikes) values (test.hash(p_store), 'opted_out', array[now()]);
  insert into app.ranges (range) values ('range ' || p_store);
  insert into app.country_limits (tenant_id, country) values (test.id(p_store), 'US');
  insert into app.stops (key, cause, reason, until) values ('tenant ' || test.id(p_store), 'money', 'day', now() + interval '1 hour');
  insert into app.conversions (tenant_id, minute, country, range, sent, verified) values (test.id(p_store), now(), 'US', 'r', 1, 1);
  insert into app.usage (tenant_id, day, country, purpose, outcome, sends, verified, micros) values (test.id(p_store), '2020-01-01', 'US', 'sign_in', 'delivered', 1, 1, 1);
  insert into app.budget_alerts (tenant_id, span, start, percent) values (test.id(p_store), 'day', '2020-01-01', 50);
  insert into app.ledger (tenant_id, line, at, send_id, kind, micros, country, purpose, prev_hash, hash)
  values (test.id(p_store), 1, now(), test.id('s'), 'reserved', 1, 'US', 'sign_in', '\x00', '\x01');
  insert into app.ledger_heads (tenant_id, line, hash) values (test.id(p_store), 1, '\x01');
  insert into app.exports (tenant_id, export_id, kinds, secret_hash, key_version) values (test.id(p_store), test.id(p_store || ' export'), '{users}', test.hash('secret'), 1);
  insert into app.export_parts (tenant_id, export_id, part, body) values (test.id(p_store), test.id(p_store || ' export'), 1, 'x');
  insert into app.country_days (tenant_id, country, day, sends) values (test.id(p_store), 'US', '2020-01-01', 1);
  insert into app.probes (key, tenant_id, send_id) values ('platform', test.id(p_store), test.id('s'));
  insert into app.mails (tenant_id, mail_id, user_id, notice) values (test.id(p_store), test.id('mail'), test.id(p_name), 'reset');
  insert into app.mail_servers (seen_at) values (now()) on conflict do nothing;
  insert into app.roll_ups (name, up_to) values ('usage', now() - interval '1 day') on conflict do nothing;
  insert into app.webhooks (webhook_id, url, kinds, secret_sealed) values (test.id(p_store || ' hook'), 'https://platform.example/', '{webhook.test}', '\x00');
  insert into app.deliveries (webhook_id, event_id, store_id, type, payload) values (test.id(p_store || ' hook'), test.id('e'), test.id('none'), 'webhook.test', '{}');
  insert into app.webhook_lanes (webhook_id, store_id) values (test.id(p_store || ' hook'), test.id('none'));
$$;
select pg_temp.fill('alpha', 'ann'), pg_temp.fill('beta', 'bob') \g /dev/null
select test.platform_key() \g /dev/null
select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters') union all select is((test.send('second_step_send_code', 'c1', 's1')).status, 202, 'and has a code sent');
select is(test.enter('beta', 'bob', 'bob token'), null, 'bob enters') union all select is((test.send('second_step_send_code', 'c2', 's2')).status, 202, 'and has a code sent');
select test.event('alpha', 'r1'), test.event('beta', 'r1'), test.system(), jobs.events_chain(100), jobs.anchors(100), test.event('alpha', 'r2'), test.event('beta', 'r2') \g /dev/null

create temp table tenant_tables as
  select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnum > 0
   where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname not in ('slugs', 'probes', 'purges');
create temp table all_tables as select c.relname::text as name from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r';
grant select on tenant_tables, all_tables to tillgate_owner;
-- how many rows of a table the functions' owner sees now; of p_store only, when one is named
create function pg_temp.seen(p_table text, p_store text default null) returns bigint language plpgsql as $$
declare n bigint;
begin
  execute format('select count(*) from app.%I %s', p_table, case when p_store is not null then 'where tenant_id = ' || quote_literal(test.id(p_store)) else '' end) into n;
  return n;
end
$$;
select is_empty($$ select name from all_tables where pg_temp.seen(name) = 0 $$, 'every table has rows to hide');

-- from here on with the eyes of the functions' owner
grant usage on schema test to tillgate_owner;
grant execute on all functions in schema test to tillgate_owner;
set local role tillgate_owner;

select app.unpin() \g /dev/null
select is(pg_temp.seen(name), 0::bigint, name || ': nothing without enter') from all_tables order by name;

select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters');
select cmp_ok(pg_temp.seen(name, 'alpha'), '>', 0::bigint, name || ': the own rows are there') from tenant_tables
 where name not in ('idempotency', 'conversions', 'country_days', 'probes', 'ledger_heads', 'anchors', 'exports', 'export_parts') order by name;  -- which sessions have no business with
select is(pg_temp.seen(name, 'beta'), 0::bigint, name || ': nothing of another tenant') from tenant_tables order by name;
select is(pg_temp.seen('platform_keys'), 0::bigint, 'a session sees no platform key');
select is(pg_temp.seen('slugs'), 0::bigint, 'a session looks up no slug');

-- a failing enter right behind a good one of another tenant, in one transaction
select is(test.enter('beta', 'bob', 'no such token'), 'session_required', 'a failing enter behind a good one');
select is(pg_temp.seen(name), 0::bigint, name || ': nothing is left of the good one') from all_tables order by name;
select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters again');
select is((select code from api.enter_tenant(test.id('beta'), test.hash('wrong'), test.id('r'), '', null, null, 'launches')), 'key_refused', 'a failing enter of another kind');
select is(pg_temp.seen(name), 0::bigint, name || ': nothing behind enter_tenant') from all_tables order by name;
select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters again');
select is((select code from api.enter_platform(test.hash('wrong'), test.id('alpha'), test.id('r'), '', null, null, 'tenants:write')), 'key_refused', 'a failing platform');
select is(pg_temp.seen(name), 0::bigint, name || ': nothing behind enter_platform') from all_tables order by name;
select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters again');
select is((select code from api.enter_host('gamma', test.id('r'), '')), 'host_unknown', 'an unknown host');
select is(pg_temp.seen(name), 0::bigint, name || ': nothing behind enter_host') from all_tables order by name;

-- a good enter right behind a good one of another tenant
select is(test.enter('alpha', 'ann', 'ann token'), null, 'ann enters again') union all select is(test.enter('beta', 'bob', 'bob token'), null, 'then bob');
select is(pg_temp.seen(name, 'alpha'), 0::bigint, name || ': bob sees nothing of ann''s store') from tenant_tables order by name;
select is((api.session_read(null)).body->'user'->>'name', 'bob', 'and reads his own session');

-- what is not of the pinned tenant cannot be written either
select throws_ok($$ insert into app.event_entries (tenant_id, event_id, at, request_id, kind, caller) values (test.id('alpha'), test.id('e'), now(), test.id('r3'), 'x', 'x') $$, '42501', null, 'no row for another tenant');
select is_empty($$ update app.users set name = 'x' where tenant_id = test.id('alpha') returning 1 $$, 'no update of another tenant');
select is_empty($$ delete from app.sessions where tenant_id = test.id('alpha') returning 1 $$, 'no delete of another tenant');
-- the audit trail is append-only even for the owner of the functions
select is_empty($$ update app.event_entries set kind = 'x' returning 1 $$, 'no event is changed');
select is_empty($$ delete from app.event_entries returning 1 $$, 'no event is removed');
select is_empty($$ update app.event_lines set kind = 'x' returning 1 $$, 'no line of the audit trail is changed');
select is_empty($$ delete from app.event_lines returning 1 $$, 'no line of the audit trail is removed');
select is_empty($$ update app.event_people set person = '{}' returning 1 $$, 'nor what is personal in it');
select is_empty($$ delete from app.event_people returning 1 $$, 'which no session erases');
select throws_ok($$ insert into app.event_lines select * from app.event_lines $$, '42501', null, 'no line is added by a use case');
-- and so is the ledger; lines are added by the job alone
select is_empty($$ update app.ledger set micros = 0 returning 1 $$, 'no line of the ledger is changed');
select is_empty($$ delete from app.ledger returning 1 $$, 'no line of the ledger is removed');
select is_empty($$ update app.ledger_entries set micros = 0 returning 1 $$, 'no entry is changed');
select is_empty($$ delete from app.ledger_entries returning 1 $$, 'no entry is removed');
select throws_ok($$ insert into app.ledger select * from app.ledger $$, '42501', null, 'and none is added by a use case');
select is_empty($$ update app.usage set micros = 0 returning 1 $$, 'nor is the usage changed');
reset role;

-- every use case behind no enter at all: refused, nothing seen
create temp table calls as
  select p.proname::text as name,
         format('select (x).status, (x).code, (x).body from api.%I(%s) x', p.proname,
                (select string_agg(case t::regtype::text when 'json' then '''[]''::json' else 'null::' || t::regtype end, ', ' order by n)
                   from unnest(p.proargtypes) with ordinality u(t, n))) as call
    from pg_proc p where p.pronamespace = 'api'::regnamespace and p.proname not like 'enter\_%';
create function pg_temp.code_of(p_call text) returns text language plpgsql as $$
declare r record;
begin
  perform app.unpin();
  execute p_call into r;
  return case when r.status is null and r.body is null then r.code else 'answered' end;
end
$$;
select ok(pg_temp.code_of(call) in ('session_required', 'key_refused', 'launch_expired', 'not_found', 'gone'), name || ': refused without enter') from calls order by name;

-- the server's role has no way around
set local role tillgate_server;
select throws_ok('select * from app.users', '42501', null, 'the server reads no table');
select throws_ok('select app.tenant()', '42501', null, 'the server calls no helper');
select throws_ok('select jobs.tick(1)', '42501', null, 'the server calls no job');
select throws_ok('select operator.platform_key_list()', '42501', null, 'the server is not the operator');
reset role;
-- the purge of a store leaves none of its rows in any table, all of the others', and a certificate that counts
reset role;
create temp table before_purge as select name, pg_temp.seen(name, 'alpha') as alpha, pg_temp.seen(name, 'beta') as beta from tenant_tables
  union all select name, pg_temp.seen(name, 'alpha'), pg_temp.seen(name, 'beta') from (values ('slugs'), ('probes')) v (name);
create function pg_temp.purge(p_batch integer) returns integer language plpgsql as $$
declare
  gone integer;
  rounds integer := 0;
begin
  loop
    perform test.system();
    gone := jobs.purge(p_batch);
    exit when gone = 0;
    rounds := rounds + 1;
  end loop;
  return rounds;
end
$$;
select is(pg_temp.purge(7), 0, 'no store is due');
update app.tenants set status = 'deleting', restores_as = 'active', deleted_at = now() - interval '30 days', purge_at = now() where tenant_id = test.id('beta');
select is(pg_temp.purge(7), 0, 'not in the last minute');
update app.tenants set deleted_at = now() - interval '31 days', purge_at = now() - interval '61 seconds' where tenant_id = test.id('beta');
select cmp_ok(pg_temp.purge(7), '>', 3, 'in small batches');
select is_empty($$ select name from before_purge where pg_temp.seen(name, 'beta') <> 0 $$, 'no row of the store in any table');
create function pg_temp.mentions(p_table text) returns bigint language plpgsql as $$
declare n bigint;
begin
  execute format('select count(*) from app.%I t where t::text like %L', p_table, '%' || test.id('beta') || '%') into n;
  return n;
end
$$;
select is_empty($$ select name from all_tables where name <> 'purges' and pg_temp.mentions(name) <> 0 $$, 'nor its id in any platform table');
select is_empty($$ select name from before_purge where pg_temp.seen(name, 'alpha') <> alpha $$, 'another store has all of its rows');
select results_eq($$ select r.key collate "C", r.value::bigint from app.purges p, jsonb_each_text(p.rows) r where p.tenant_id = test.id('beta') order by 1 $$,
                  $$ select name collate "C", beta from before_purge where beta > 0 order by 1 $$, 'the certificate counts what there was');
select isnt((select purged_at from app.purges where tenant_id = test.id('beta')), null, 'and says that it is done');

select * from finish();
rollback;
