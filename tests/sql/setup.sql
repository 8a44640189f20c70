-- What the test files share: schema test. Made once by tests/sql/run, as a superuser, who sees every row.
-- Things are known by short names: test.id('ann') is always the same UUID, test.hash('x') the same 32 bytes. Ids sort by the
-- number in the name, as those of C sort by time.
create extension pgtap;
create extension plpgsql_check;
create extension dblink;

create schema test;

create function test.id(p_name text) returns uuid language sql immutable 
  return (lpad(right(coalesce(substring(p_name from '\d+'), '0'), 8), 8, '0') || right(md5(p_name), 24))::uuid;
create function test.hash(p_name text) returns bytea language sql immutable return sha256(convert_to(p_name, 'utf8'));

-- A store whose slug is its name. It is an old one: no ramp, a history of answered texts, and money enough.
create function test.store(p_store text) returns void language sql as $$
  insert into app.tenants (tenant_id, slug, name, country, locale, status, sms_countries, return_origins)
  values (test.id(p_store), p_store, 'Store ' || p_store, 'US', 'en', 'active', '{US}', '{https://shop.example}');
  insert into app.slugs (slug, tenant_id) values (p_store, test.id(p_store));
  insert into app.tenant_keys (tenant_id, key_id, key_hash, name, mode, prefix)
  values (test.id(p_store), test.id(p_store || ' key'), test.hash(p_store || ' key'), 'key', 'live', 'tgt_live_abcdef');
  insert into app.tenant_limits (tenant_id, day_micros, ramp_lifted_reason) values (test.id(p_store), 100000000, 'an old store');
  insert into app.breakers (key, sent, verified, usual)
  values ('country US', 1000, 1000, 0), ('tenant_country ' || test.id(p_store) || ' US', 1000, 1000, 1000) on conflict do nothing;
$$;

-- An admin of it, without any method.
create function test.person(p_store text, p_name text) returns void language sql as $$
  insert into app.users (tenant_id, user_id, external_id, email, name, role, locale)
  values (test.id(p_store), test.id(p_name), p_name, p_name || '@shop.example', p_name, 'admin', 'en')
$$;

-- A session of that admin; its token is p_token. p_state: launched, or ready (and fresh).
create function test.session(p_store text, p_name text, p_token text, p_state text default 'ready') returns void language sql as $$
  insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, second_step_at, amr, auth_at, destination, user_agent,
                            address, expires_at)
  values (test.id(p_store), test.id(p_name), test.hash(p_token), test.id(p_token), p_state, 'admin', 'live',
          case when p_state = 'ready' then now() end, case when p_state = 'ready' then '{otp}'::text[] else '{}' end,
          case when p_state = 'ready' then now() end, '/', 'Chrome on Linux', '192.0.2.1',
          now() + case when p_state = 'ready' then interval '12 hours' else interval '10 minutes' end)
$$;

-- A phone of that admin. p_number stands for the number: the same one has the same hash over all stores.
create function test.phone(p_store text, p_name text, p_number text, p_state text default 'verified', p_range text default '1415555',
                           p_country text default 'US') returns void language sql as $$
  insert into app.phones (tenant_id, user_id, phone_id, state, number_sealed, tenant_index, platform_index, country, type, range, hint,
                          consent_version, consent_address, verified_at)
  values (test.id(p_store), test.id(p_name), test.id(p_name || p_number || p_state), p_state, '\x01', test.hash(p_store || p_number),
          test.hash(p_number), p_country, 'mobile', p_range, '+1 ••• ••34', '1', '192.0.2.1', case when p_state = 'verified' then now() end)
$$;

create function test.authenticator(p_store text, p_name text, p_state text default 'active') returns void language sql as $$
  insert into app.authenticators (tenant_id, user_id, authenticator_id, state, secret_sealed, last_step, expires_at)
  values (test.id(p_store), test.id(p_name), test.id(p_name || ' app'), p_state, '\x5ec3e7', 100,
          case when p_state = 'pending' then now() + interval '10 minutes' end)
$$;

create function test.backup_codes(p_store text, p_name text, variadic p_codes text[]) returns void language sql as $$
  insert into app.backup_codes (tenant_id, user_id, macs)
  values (test.id(p_store), test.id(p_name), array(select test.hash(c) from unnest(p_codes) c))
$$;

-- Enters as the session of that token; returns the refusal, null when pinned. Every call is a request of its own.
create function test.enter(p_store text, p_name text, p_token text, p_level text default 'launched', p_address text default '192.0.2.1')
returns text language sql as $$
  select e.code from api.enter_session(test.id(p_store), test.id(p_name), test.hash(p_token), p_store, p_level, gen_random_uuid(), p_address) e
$$;
create function test.platform(p_store text default null, p_idem_key text default null, p_body text default 'body') returns text language sql as $$
  select e.code from api.enter_platform(test.hash('platform key'), test.id(p_store), gen_random_uuid(), '192.0.2.1', p_idem_key, test.hash(p_body), 'tenants:write') e
$$;
create function test.backend(p_store text, p_idem_key text default null, p_body text default 'body') returns text language sql as $$
  select e.code from api.enter_tenant(test.id(p_store), test.hash(p_store || ' key'), gen_random_uuid(), '192.0.2.1', p_idem_key, test.hash(p_body), 'launches') e
$$;
create function test.system(p_store text default null) returns text language sql as $$
  select e.code from api.enter_system(test.id(p_store), gen_random_uuid()) e
$$;
create function test.platform_key() returns void language sql as $$
  insert into app.platform_keys (key_id, key_hash, name, mode, prefix)
  values (test.id('platform key'), test.hash('platform key'), 'platform', 'live', 'tgp_live_abcdef')
$$;

-- An event of that store in the audit trail, not chained yet.
create function test.event(p_store text, p_request text, p_kind text default 'test', p_user text default null, p_detail jsonb default null)
returns void language sql as $$
  insert into app.event_entries (tenant_id, event_id, at, request_id, kind, user_id, caller, address, detail)
  values (test.id(p_store), app.event_id(now(), test.id(p_request), p_kind, test.id(p_user)), date_trunc('milliseconds', now()), test.id(p_request), p_kind,
          test.id(p_user), 'session', '192.0.2.1', p_detail)
$$;

-- Asks for a code with the new names p_challenge and p_send; its right code is p_challenge || ' code'.
create function test.send(p_function text, p_challenge text, p_send text) returns api.reply language plpgsql as $$
declare
  reply api.reply;
begin
  execute format('select * from api.%I($1, $2, $3, $4, 1, 1)', p_function) into reply
    using test.id(p_challenge), test.id(p_send), test.hash(p_challenge || ' code'), '\xc0de'::bytea;
  return reply;
end
$$;

-- One code into the one field; '' for a code that is no texted one by its shape. p_token: the token of the session after success.
create function test.verify(p_challenge text, p_code text, p_token text, p_backup text default null, p_totp boolean default false)
returns api.reply language sql as $$
  select v from api.second_step_verify(test.id(nullif(p_challenge, '')), test.hash(nullif(p_code, '')), null, test.hash(p_backup), null, p_totp,
                                       test.id(p_token), test.hash(p_token), null, null, 'Chrome on Linux') v
$$;

-- Time passes: every time in every table is moved back by p_by.
create function test.pass(p_by interval) returns void language plpgsql as $$
declare
  t record;
begin
  for t in
    select a.attrelid::regclass as name,
           string_agg(case when a.atttypid = 'timestamptz'::regtype then format('%I = %1$I - $1', a.attname)
                           else format('%I = array(select x - $1 from unnest(%1$I) with ordinality u(x, n) order by n)', a.attname) end, ', ') as sets
      from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
       and a.atttypid in ('timestamptz'::regtype, 'timestamptz[]'::regtype)
     group by 1
  loop
    execute format('update %s set %s', t.name, t.sets) using p_by;
  end loop;
end
$$;

-- A new person of that store asks for a text: to a verified phone, or to set one up. Number, range and address are new, too, unless told; p_id names challenge and text (send_id p_id || ' send').
create function test.ask(p_store text, p_id text, p_set_up boolean default false, p_country text default 'US', p_range text default null, p_segments bigint default 1)
returns api.reply language plpgsql as $$
declare
  reply api.reply;
begin
  perform test.person(p_store, p_id || ' person'),
          test.phone(p_store, p_id || ' person', p_id || ' number', case when p_set_up then 'unverified' else 'verified' end,
                     coalesce(p_range, 'range ' || p_id), p_country),
          test.session(p_store, p_id || ' person', p_id || ' token'),
          test.enter(p_store, p_id || ' person', p_id || ' token', 'launched', p_id);
  execute format('select * from api.%I($1, $2, $3, $4, 1, $5)', case when p_set_up then 'phone_send_code' else 'second_step_send_code' end)
    into reply using test.id(p_id), test.id(p_id || ' send'), test.hash(p_id || ' code'), '\xc0de'::bytea, p_segments;
  return reply;
end
$$;
-- The same in words: sent, or code and reason.
create function test.asked(p_store text, p_id text, p_set_up boolean default false, p_country text default 'US', p_range text default null, p_segments bigint default 1)
returns text language sql as $$
  select case when r.status = 202 then 'sent' else concat_ws(' ', r.code, r.body->>'reason') end
    from test.ask(p_store, p_id, p_set_up, p_country, p_range, p_segments) r
$$;
-- The provider takes the text of test.ask, and says how it ended.
create function test.ended(p_store text, p_id text, p_status text, p_error bigint default null) returns void language plpgsql as $$
begin
  perform test.system(p_store);
  perform api.send_claim(test.id(p_id || ' send'));
  perform api.send_outcome(test.id(p_id || ' send'), 1, 'accepted', 'SM ' || p_id, null, null, null, 'messaging', null);
  perform api.send_callback(test.id(p_id || ' send'), 'SM ' || p_id, p_status, p_error, null);
end
$$;
-- Whether counters and ledger of that store agree; null, or what does not.
create function test.money_wrong(p_store text) returns text language plpgsql as $$
begin
  perform test.system(p_store);
  return (select string_agg(format('%s: counted %s, ledger %s', m.counter, m.counted, m.ledger), '; ') from app.money_check() m);
end
$$;
