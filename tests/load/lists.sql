-- What lists are measured on, besides seed.sql: the store of user 1 is large (10,000 more users, 100,000 events, 50,000 lines of its ledger, 2,000
-- keys and as many launch keys it used up), every other store has some events, 10,000 stores are gone, the first of 20 endpoints was sent 50,000
-- messages, half of them about the large store. User 1 is its owner and freshly signed in. Run by the superuser.
\set ON_ERROR_STOP on
set session_replication_role = replica;
set client_min_messages = warning;
truncate app.event_entries, app.event_lines, app.event_people, app.event_heads, app.ledger, app.ledger_entries, app.ledger_heads, app.tenant_keys,
  app.launch_keys, app.launch_key_kids, app.webhooks, app.deliveries, app.webhook_lanes;

-- Ids that rise with n, as time does.
create function bench.id(n bigint) returns uuid language sql immutable
  as $$ select ('0190' || lpad(to_hex(n / 65536), 8, '0') || '7' || lpad(to_hex(n / 16 % 4096), 3, '0') || '8' || substr(md5(n::text), 1, 14) || to_hex(n % 16))::uuid $$;
create view bench.large as select tenant_id, user_id, token_hash from bench.users where n = 1;

insert into app.users (tenant_id, user_id, external_id, email, name, role, locale, removed_at)
  select tenant_id, bench.id(n), 'more-' || n, 'more' || n || '@example.test', (array['Ben', 'Carla', 'Dora', 'Emil'])[1 + n % 4] || ' ' || n, 'admin', 'en',
         case when n % 10 = 0 then now() end
  from bench.large, generate_series(1, 10000) n;
update app.users u set role = 'owner' from bench.large l where (u.tenant_id, u.user_id) = (l.tenant_id, l.user_id);
update app.tenants t set owner_user_id = l.user_id from bench.large l where t.tenant_id = l.tenant_id;
delete from app.sessions s using bench.large l where (s.tenant_id, s.user_id) = (l.tenant_id, l.user_id);
insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, second_step_at, destination, user_agent, address, expires_at)
  select tenant_id, user_id, token_hash, gen_random_uuid(), 'ready', 'owner', 'live', now(), '/', 'Mozilla/5.0', '10.0.0.1', now() + interval '1 hour' from bench.large;

insert into app.event_lines (tenant_id, line, event_id, at, request_id, kind, user_id, caller, detail, prev_hash, hash)
  select tenant_id, n, bench.id(n), now() - interval '100 days' + n * interval '1 minute', gen_random_uuid(),
         (array['signed_in', 'text_sent', 'session_ended', 'user_changed', 'user_locked'])[1 + n % 5], case n % 3 when 0 then null else user_id end, 'user',
         '{"method": "sms"}', sha256(n::text::bytea), sha256(n::text::bytea)
  from bench.large, generate_series(1, 100000) n;
insert into app.event_lines (tenant_id, line, event_id, at, request_id, kind, caller, prev_hash, hash)
  select tenant_id, n, bench.id(n), now() - interval '1 day', gen_random_uuid(), 'tenant_created', 'platform', sha256('a'), sha256('b')
  from app.tenants, generate_series(1, 5) n where tenant_id not in (select tenant_id from bench.large);
insert into app.event_people (tenant_id, event_id, user_id, salt, person)
  select tenant_id, event_id, user_id, sha256('salt'), '{"address": "192.0.2.7"}' from app.event_lines where user_id is not null;

insert into app.ledger (tenant_id, line, at, send_id, kind, micros, country, purpose, prev_hash, hash)
  select tenant_id, n, now() - interval '100 days' + n * interval '2 minutes', bench.id(n), 'reserved', 7900, 'US', 'sign_in', sha256(n::text::bytea), sha256(n::text::bytea)
  from bench.large, generate_series(1, 50000) n;

insert into app.tenant_keys (tenant_id, key_id, key_hash, name, mode, prefix, created_at, revoked_at)
  select tenant_id, bench.id(n), sha256(n::text::bytea), 'key ' || n, 'live', 'tgt_live_' || n, now() - interval '90 days', now() - interval '80 days'
  from bench.large, generate_series(1, 2000) n;
insert into app.launch_keys (tenant_id, launch_key_id, name, mode, algorithm, source, created_at, revoked_at)
  select tenant_id, bench.id(n), 'key ' || n, 'live', 'EdDSA', 'jwk', now() - interval '90 days', case when n <= 1990 then now() - interval '80 days' end
  from bench.large, generate_series(1, 2000) n;
insert into app.launch_key_kids (tenant_id, launch_key_id, kid, public_key, retired_at)
  select tenant_id, launch_key_id, replace(name, ' ', '-'), sha256(name::bytea), revoked_at from app.launch_keys;

-- Nothing waits to be posted, and no section makes what they ask for.
insert into app.webhooks (webhook_id, url, kinds, secret_sealed)
  select bench.id(n), 'https://hooks.example/' || n, '{tenant.purged}', sha256('secret') from generate_series(1, 20) n;
insert into app.deliveries (webhook_id, event_id, store_id, at, type, payload, state, fresh, attempts, tried_at, ended_at, last_status)
  select bench.id(1), bench.id(n), case when n % 2 = 0 then l.tenant_id else bench.id(n % 10000) end, at, 'tenant.purged', '{}',
         case when n % 100 < 2 then 'failed' else 'delivered' end, false, 1, at, at, case when n % 100 < 2 then 500 else 204 end
  from bench.large l, generate_series(1, 50000) n, lateral (select now() - interval '20 days' + n * interval '30 seconds' as at) a;
truncate app.purges;
insert into app.purges (tenant_id, deleted_at, purged_at) select bench.id(n), now() - interval '40 days', now() from generate_series(1, 10000) n;
vacuum (freeze, analyze);
