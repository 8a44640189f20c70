-- The second step of a sign-in: texted code, authenticator code, backup code or trusted device, in one field.

-- Any live session asks for a code at the user's verified phone. Returns as app.challenge_start, or no_phone, method_off, locked.
create or replace function api.second_step_send_code(p_challenge_id uuid, p_send_id uuid, p_code_mac bytea, p_code_sealed bytea, p_key_version bigint,
                                                     p_segments bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  elsif not m.sms then
    return app.refuse('no_phone', json_build_object('alternatives', app.alternatives('sms')));
  elsif m.sms_off then
    return app.refuse('method_off', json_build_object('alternatives', app.alternatives('sms')));
  end if;
  return app.challenge_start('sign_in', m.phone_id, p_challenge_id, p_send_id, p_code_mac, p_code_sealed, p_key_version, p_segments);
end
$$;

-- After a right code: the session rises, a code still on its way is void, the device is remembered if asked for. Returns 200 with
-- the session under its new token, or session_required when another request raised it first.
create or replace function app.second_step_done(p_method text, p_session_id uuid, p_token_hash bytea, p_device_id uuid, p_device_hash bytea,
                                                p_user_agent text)
returns api.reply language plpgsql as $$
begin
  if not app.rise('code', p_session_id, p_token_hash, p_method) then
    return app.refuse('session_required');
  end if;
  update app.challenges c set state = 'superseded', code_sealed = null
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.purpose = 'sign_in' and c.state = 'live';
  if p_device_id is not null and p_device_hash is not null then
    insert into app.devices (tenant_id, user_id, device_hash, device_id, name, expires_at)
    values (app.tenant(), app.user_id(), p_device_hash, p_device_id, left(coalesce(p_user_agent, ''), 200), now() + interval '14 days');
    perform app.event('device_trusted', p_detail => json_build_object('device', app.typeid('device', p_device_id)));
  end if;
  perform app.event('signed_in', p_detail => json_build_object('method', p_method, 'session', app.typeid('session', p_session_id)));
  return app.ok(200, app.session_json(p_device_hash));
end
$$;

-- Any live session proves a code (a ready one renews its freshness). See app.code_check for what it may be. Returns 200 with the session
-- under its new token; 102 totp_check; or a refusal.
create or replace function api.second_step_verify(p_challenge_id uuid, p_mac_new bytea, p_mac_old bytea, p_backup_mac_new bytea,
                                                  p_backup_mac_old bytea, p_is_totp_shape boolean, p_session_id uuid, p_token_hash bytea,
                                                  p_device_id uuid, p_device_hash bytea, p_user_agent text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verdict api.reply;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  verdict := app.code_check('sign_in', p_challenge_id, p_mac_new, p_mac_old, p_backup_mac_new, p_backup_mac_old, p_is_totp_shape);
  if verdict.status is distinct from 200 then
    return verdict;
  end if;
  return app.second_step_done(verdict.code, p_session_id, p_token_hash, p_device_id, p_device_hash, p_user_agent);
end
$$;

-- The second half of second_step_verify, after C has compared an authenticator code: p_step null, when it was wrong; p_challenge_id as in the first half. Returns 200 with the
-- session under its new token, or code_wrong, code_expired (a step already used), session_required.
create or replace function api.second_step_totp(p_authenticator_id uuid, p_step bigint, p_session_id uuid, p_token_hash bytea,
                                                p_device_id uuid, p_device_hash bytea, p_user_agent text, p_challenge_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verdict api.reply;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  verdict := app.totp_spend(p_authenticator_id, p_step, p_challenge_id);
  if verdict.status is distinct from 200 then
    return verdict;
  end if;
  return app.second_step_done(verdict.code, p_session_id, p_token_hash, p_device_id, p_device_hash, p_user_agent);
end
$$;

-- A launched session is let in by its trusted device. The session is then ready but not fresh (one that was ready stays as fresh as it was).
-- Returns 200 with the session under its new token, or device_unknown, locked, session_required.
create or replace function api.second_step_device(p_device_hash bytea, p_session_id uuid, p_token_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
  trusted_at timestamptz;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  -- the user's row first, as in every sign-in and every reset: they wait for each other there
  perform from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id() for no key update;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  end if;
  update app.devices d set last_used_at = now()
   where d.tenant_id = app.tenant() and d.user_id = app.user_id() and d.device_hash = p_device_hash and d.expires_at > now()
     and (m.sms or m.authenticator)  -- without a method there is no second step that it could stand in for
  returning d.created_at into trusted_at;  -- a code was proved then
  if not found then
    return app.refuse('device_unknown', json_build_object('alternatives', app.alternatives()));
  end if;
  if not app.rise('device', p_session_id, p_token_hash, 'device', trusted_at) then
    return app.refuse('session_required');
  end if;
  perform app.event('signed_in', p_detail => json_build_object('method', 'device', 'session', app.typeid('session', p_session_id)));
  return app.ok(200, app.session_json(p_device_hash));
end
$$;

-- A launched session is let in by a bypass that two people gave its user (security.md ENR-4): ready, never fresh, and no longer than the bypass. A
-- ready one gets nothing by it. Returns 200 with the session under its new token, or bypass_refused, locked, session_required.
create or replace function api.second_step_bypass(p_session_id uuid, p_token_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
  until timestamptz;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  -- the user's row first, as in second_step_device
  perform from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id() for no key update;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  end if;
  select b.expires_at into until
    from app.bypasses b
   where b.tenant_id = app.tenant() and b.user_id = app.user_id() and b.state = 'approved' and b.expires_at > now()
     and exists (select from app.sessions s
                  where s.tenant_id = b.tenant_id and s.user_id = b.user_id and s.token_hash = app.session_hash() and s.state = 'launched');
  if not found then
    return app.refuse('bypass_refused', json_build_object('alternatives', app.alternatives()));
  end if;
  if not app.rise('bypass', p_session_id, p_token_hash) then
    return app.refuse('session_required');
  end if;
  update app.sessions s set expires_at = least(s.expires_at, until)
   where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = p_token_hash;
  perform app.event('bypass_used', p_detail => json_build_object('session', app.typeid('session', p_session_id)));
  perform app.event('signed_in', p_detail => json_build_object('method', 'bypass', 'session', app.typeid('session', p_session_id)));
  return app.ok(200, app.session_json(null));
end
$$;
