-- Sessions: what the panel sees of itself, the rise to a new token, the list of sessions.

-- The JSON of a phone, or null.
create or replace function app.phone_json(p_phone_id uuid, p_verified boolean, p_hint text) returns json language plpgsql immutable as $$
begin
  if p_phone_id is null then
    return null;
  end if;
  return json_build_object('id', app.typeid('phone', p_phone_id), 'state', case when p_verified then 'verified' else 'unverified' end,
                           'hint', p_hint);
end
$$;

-- The JSON of one challenge and its latest text.
create or replace function app.challenge_json(p_challenge app.challenges) returns json language plpgsql stable as $$
declare
  s record;
begin
  select x.state, x.reason, x.moved_at into s from app.sends x
   where x.tenant_id = p_challenge.tenant_id and x.send_id = p_challenge.send_id;
  return app.challenge_json(p_challenge, s.state, s.reason, s.moved_at);
end
$$;

-- The same, when the latest text is known: its state, reason and when it came to that.
create or replace function app.challenge_json(p_challenge app.challenges, p_state text, p_reason text, p_moved_at timestamptz) returns json
language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('challenge', p_challenge.challenge_id), 'purpose', p_challenge.purpose, 'to', p_challenge.hint,
    'state', case when p_challenge.state = 'live' and p_challenge.expires_at <= now() then 'expired' else p_challenge.state end,
    'delivery', case p_state when 'in_flight' then 'sending' when 'ambiguous' then 'sending' when 'accepted' then 'sent' else p_state end,
    'reason', p_reason,
    'expires_at', app.time(p_challenge.expires_at),
    'resend_at', app.time(case when p_state in ('undelivered', 'failed', 'refused', 'expired') then least(p_challenge.resend_at, p_moved_at)
                               else p_challenge.resend_at end),
    'sends', p_challenge.sends, 'tries_left', 5 - p_challenge.tries);
end
$$;

-- The JSON of whether texts go out; if not, why, and until when: what holds longest.
create or replace function app.texts_json(p_tenant_id uuid, p_stopped boolean) returns json language plpgsql stable as $$
declare
  stop record;
begin
  if not p_stopped then
    return '{"available":true}'::json;
  end if;
  select x.cause, x.until into stop
    from app.stops x
   where x.key = any (app.stop_keys(p_tenant_id, (select h.country from app.tenants h where h.tenant_id = p_tenant_id)))
     and (x.until is null or x.until > now())
   order by x.until desc nulls first limit 1;
  return json_build_object('available', false,
                           'reason', case stop.cause when 'switch' then 'stopped' when 'provider' then 'provider_down' else stop.cause end,
                           'until', app.time(stop.until));
end
$$;

-- The JSON of the pinned session. p_device_hash: the device cookie, if there is one. One statement reads all it needs. Null when the session
-- was ended since enter saw it: every statement has a snapshot of its own.
create or replace function app.session_json(p_device_hash bytea) returns json language plpgsql stable as $$
declare
  tenant constant uuid := app.tenant();
  person constant uuid := app.user_id();
  hash constant bytea := app.session_hash();
  s record;
  challenge app.challenges;
  bypass json;
begin
  select s1.state, s1.role, s1.second_step_at, s1.seen_at, s1.expires_at, s1.destination, s1.return_url,
         t.name as store_name, t.slug, t.country, m.*,
         -- does anything keep texts from going out? Nearly never. The country by a select of its own: see app.send_rules
         exists (select from app.stops x
                  where x.key = any (app.stop_keys(tenant, (select h.country from app.tenants h where h.tenant_id = tenant)))
                    and (x.until is null or x.until > now())) as stopped,
         (select max(c.challenge_id::text)::uuid from app.challenges c
           where c.tenant_id = tenant and c.user_id = person and c.state = 'live' and c.expires_at > now()) as challenge_id,
         case when p_device_hash is null then false
              else exists (select from app.devices d where d.tenant_id = tenant and d.user_id = person and d.device_hash = p_device_hash
                              and d.expires_at > now()) end as trusted_device
    into s
    from app.sessions s1
    join app.tenants t on t.tenant_id = s1.tenant_id
    cross join app.methods(tenant, person) m
   where s1.tenant_id = tenant and s1.user_id = person and s1.token_hash = hash;
  if not found then
    return null;
  end if;
  if s.challenge_id is not null then
    select * into challenge from app.challenges c where c.tenant_id = tenant and c.user_id = person and c.challenge_id = s.challenge_id;
  end if;
  if s.state = 'launched' then
    select json_build_object('approved_by', b.approved_by, 'expires_at', app.time(b.expires_at)) into bypass
      from app.bypasses b
     where b.tenant_id = tenant and b.user_id = person and b.state = 'approved' and b.expires_at > now();
  end if;
  return json_build_object(
    'state', case when s.state = 'ready' then 'ready' when s.sms or s.authenticator then 'second_step' else 'set_up' end,
    'store', json_build_object('name', s.store_name, 'slug', s.slug, 'country', s.country),
    'user', json_build_object('id', app.typeid('user', person), 'name', s.name, 'email', s.email, 'role', s.role, 'locale', s.locale),
    'methods', app.methods_json(s.sms, s.phone_hint, s.sms_off, s.authenticator, s.authenticator_off, s.backup_codes, s.backup_code_off),
    'preferred_method', s.preferred,
    'phone', case when s.sms then app.phone_json(s.phone_id, true, s.phone_hint) else app.phone_json(s.pending_id, false, s.pending_hint) end,
    'pending_phone', case when s.sms then app.phone_json(s.pending_id, false, s.pending_hint) end,
    'trusted_device', s.trusted_device,
    'bypass', bypass,
    'challenge', case when s.challenge_id is not null then app.challenge_json(challenge) end,
    'locked_until', app.time(s.locked_until),
    'texts', app.texts_json(tenant, s.stopped),
    'fresh_until', case when s.second_step_at > now() - interval '15 minutes' then app.time(s.second_step_at + interval '15 minutes') end,
    'idle_until', app.time(least(s.seen_at + interval '15 minutes', s.expires_at)),
    'expires_at', app.time(s.expires_at),
    'destination', s.destination, 'return_url', s.return_url, 'server_time', app.time(now()));
end
$$;

-- What RFC 8176 calls a method of ours. It has no word for a code on paper, a trusted device or a bypass: those keep our names.
create or replace function app.amr(p_method text) returns text[] language sql immutable
return case p_method when 'authenticator' then array['otp'] when 'sms' then array['otp', 'sms'] when 'backup_code' then array['otp', 'backup_code']
                     else array[p_method] end;

-- Raises the pinned session to ready, or renews it: a new row under a new token takes the place of the old in one statement, and is pinned. p_how: code (a code was
-- proved: fresh from now), set_up (a method was made: a first one makes fresh), device (as fresh as it was: a launched session is not). p_method: what was
-- proved, at p_proved_at; a session that has been raised keeps what raised it until a code is proved again.
-- Returns false when the old session is gone, which happens when two rises meet: the second finds nothing.
create or replace function app.rise(p_how text, p_session_id uuid, p_token_hash bytea, p_method text default null, p_proved_at timestamptz default now())
returns boolean language plpgsql as $$
begin
  with old as (
    delete from app.sessions s
     where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash()
    returning s.*, p_how = 'code' or s.auth_at is null or (p_how = 'set_up' and s.second_step_at is null) as proves
  ), signed_in as (
    update app.users u set last_signed_in_at = now()
      from old
     where u.tenant_id = app.tenant() and u.user_id = app.user_id() and old.state = 'launched'
  )
  insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, second_step_at, amr, auth_at, change_until, destination,
                            return_url, user_agent, address, created_at, expires_at)
  select old.tenant_id, old.user_id, p_token_hash, p_session_id, 'ready', old.role, old.mode,
         case p_how when 'code' then now() when 'set_up' then coalesce(old.second_step_at, now()) else old.second_step_at end,
         case when old.proves then app.amr(coalesce(p_method, p_how)) else old.amr end,
         case when old.proves then p_proved_at else old.auth_at end,
         case p_how when 'code' then old.change_until end,  -- a number that was verified has used the proof up
         old.destination, old.return_url, old.user_agent, coalesce(nullif(current_setting('app.address', true), ''), old.address),
         old.created_at, case when old.state = 'launched' then now() + interval '12 hours' else old.expires_at end
    from old;
  if not found then
    return false;
  end if;
  perform set_config('app.session', encode(p_token_hash, 'hex'), true);
  return true;
end
$$;

-- Any live session reads itself. Returns 200 with the session.
create or replace function api.session_read(p_device_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  body json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  body := app.session_json(p_device_hash);
  if body is null then
    return app.refuse('session_required');
  end if;
  return app.ok(200, body);
end
$$;

-- Any live session ends itself. Returns 204.
create or replace function api.session_end()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  delete from app.sessions s where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash();
  perform app.event('session_ended');
  return app.ok(204);
end
$$;

-- A signed-in user lists their own live sessions. Returns 200 with items, newest first.
create or replace function api.session_list()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  items json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select coalesce(json_agg(json_build_object(
           'id', app.typeid('session', s.session_id), 'state', s.state, 'name', s.user_agent, 'address', s.address,
           'created_at', app.time(s.created_at), 'seen_at', app.time(s.seen_at),
           'current', s.token_hash = app.session_hash()) order by s.created_at desc, s.session_id), '[]'::json)
    into items
    from app.sessions s
   where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.expires_at > now() and s.seen_at > now() - interval '15 minutes';
  return app.ok(200, json_build_object('items', items, 'next_cursor', null));
end
$$;

-- A signed-in user ends all their other sessions. Returns 204.
create or replace function api.session_end_others()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  delete from app.sessions s where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash <> app.session_hash();
  perform app.event('sessions_ended');
  return app.ok(204);
end
$$;

-- A signed-in user ends one of their sessions, the present one too. Returns 204, or not_found.
create or replace function api.session_remove(p_session_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  delete from app.sessions s where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.session_id = p_session_id;
  if not found then
    return app.refuse('not_found');
  end if;
  perform app.event('session_ended', p_detail => json_build_object('session', app.typeid('session', p_session_id)));
  return app.ok(204);
end
$$;
