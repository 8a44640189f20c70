-- The measured database: bench.users holds what a call needs to know of each user (filled by COPY from people.mjs), the tables of the
-- product are filled from it. Run by the superuser, who is above row-level security.
\set ON_ERROR_STOP on
set session_replication_role = replica; -- no checks of foreign keys: the rows fit together by construction
set client_min_messages = warning;

insert into app.tenants (tenant_id, slug, name, country, locale, status, sms_countries)
  select tenant_id, slug, initcap(replace(slug, '-', ' ')), 'US', 'en', 'active', '{US}'
  from bench.users group by tenant_id, slug order by tenant_id;
insert into app.slugs (slug, tenant_id) select slug, tenant_id from app.tenants;
insert into app.users (tenant_id, user_id, external_id, email, name, role, locale, preferred_method)
  select tenant_id, user_id, n::text, 'ann' || n || '@example.test', 'Ann ' || n, 'admin', 'en', 'sms'
  from bench.users order by n;
insert into app.phones (tenant_id, user_id, phone_id, state, number_sealed, tenant_index, platform_index, country, type, range, hint,
                        consent_version, consent_address, created_at, verified_at)
  select tenant_id, user_id, phone_id, 'verified', number_sealed, tenant_index, platform_index, 'US', 'mobile', range, hint,
         '1', address, now() - interval '60 days', now() - interval '60 days'
  from bench.users order by n;
-- Ranges that have seen enough right codes for their own limits to be off, as those of ordinary users have.
insert into app.ranges (range, verified) select distinct range, 100 from bench.users;
-- Yesterday's sign-in of everyone: tables and indexes are never empty, plans are never made for an empty table.
insert into app.challenges (tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, key_version, state, tries,
                            send_id, resend_at, created_at, expires_at, counted)
  select tenant_id, user_id, bench.yesterday(challenge_id), 'sign_in', phone_id, platform_index, range, hint, mac, 1, 'used', 1,
         bench.yesterday(send_id), now() - interval '26 hours', now() - interval '26 hours', now() - interval '26 hours', true
  from bench.users order by n;
insert into app.sends (tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, state, created_at, moved_at)
  select tenant_id, bench.yesterday(send_id), user_id, bench.yesterday(challenge_id), phone_id, platform_index, 'US', range, 'live', 'delivered',
         now() - interval '26 hours', now() - interval '26 hours'
  from bench.users order by n;
insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, destination, user_agent, address, created_at, seen_at, expires_at)
  select tenant_id, user_id, sha256(token_hash), bench.yesterday(session_id), 'ready', 'admin', 'live', '/', 'Mozilla/5.0', address,
         now() - interval '2 hours', now() - interval '1 hour', now() + interval '10 hours'
  from bench.users order by n;
-- Old stores with money and a history in their country: no ramp, no bound on unanswered texts stands in the way of the measurement.
insert into app.tenant_limits (tenant_id, day_micros, month_micros, ramp_lifted_reason)
  select tenant_id, 1000000000000, 1000000000000, 'measured' from app.tenants order by tenant_id;
update app.platform_limits set hour_micros = 1000000000000, day_micros = 1000000000000;
insert into app.breakers (key, sent, verified, usual)
  select 'country US', 1000000, 1000000, 0 union all
  select 'tenant_country ' || tenant_id || ' US', 1000, 1000, 1000000 from app.tenants;
vacuum (freeze, analyze);
