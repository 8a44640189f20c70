-- The profile page.

-- The JSON of the pinned user's profile. Null when the session was ended since enter saw it.
create or replace function app.profile_json() returns json language plpgsql stable as $$
declare
  tenant constant uuid := app.tenant();
  person constant uuid := app.user_id();
  p record;
  m record;
begin
  select s.role, s.second_step_at,
         exists (select from app.stops x
                  where x.key = any (app.stop_keys(tenant, (select h.country from app.tenants h where h.tenant_id = tenant)))
                    and (x.until is null or x.until > now())) as stopped
    into p
    from app.sessions s
   where s.tenant_id = tenant and s.user_id = person and s.token_hash = app.session_hash();
  if not found then
    return null;
  end if;
  select * into m from app.methods(tenant, person);
  return json_build_object(
    'user', json_build_object('id', app.typeid('user', person), 'name', m.name, 'email', m.email, 'role', p.role, 'locale', m.locale),
    'methods', app.methods_json(m.sms, m.phone_hint, m.sms_off, m.authenticator, m.authenticator_off,
                                m.backup_codes, m.backup_code_off),
    'preferred_method', m.preferred,
    'phone', case when m.sms then app.phone_json(m.phone_id, true, m.phone_hint) else app.phone_json(m.pending_id, false, m.pending_hint) end,
    'pending_phone', case when m.sms then app.phone_json(m.pending_id, false, m.pending_hint) end,
    'backup_codes_left', m.backup_codes,
    'devices', (select count(*) from app.devices d where d.tenant_id = tenant and d.user_id = person and d.expires_at > now()),
    'sessions', (select count(*) from app.sessions s
                  where s.tenant_id = tenant and s.user_id = person and s.expires_at > now() and s.seen_at > now() - interval '15 minutes'),
    'texts', app.texts_json(tenant, p.stopped),
    'fresh_until', case when p.second_step_at > now() - interval '15 minutes' then app.time(p.second_step_at + interval '15 minutes') end,
    'server_time', app.time(now()));
end
$$;

-- A signed-in user reads their profile. Returns 200 with the profile.
create or replace function api.profile_read(p_device_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  body json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  body := app.profile_json();
  if body is null then
    return app.refuse('session_required');
  end if;
  return app.ok(200, body);
end
$$;

-- A signed-in user changes what is not null. A preferred method must be one of theirs. Returns 200 with the profile, or no_phone,
-- no_authenticator.
create or replace function api.profile_change(p_preferred_method text, p_locale text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
  body json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if p_preferred_method = 'sms' and not m.sms then
    return app.refuse('no_phone');
  elsif p_preferred_method = 'authenticator' and not m.authenticator then
    return app.refuse('no_authenticator');
  end if;
  update app.users u
     set preferred_method = coalesce(p_preferred_method, u.preferred_method), locale = coalesce(p_locale, u.locale)
   where u.tenant_id = app.tenant() and u.user_id = app.user_id();
  perform app.event('profile_changed', p_detail => json_strip_nulls(json_build_object('preferred_method', p_preferred_method, 'locale', p_locale)));
  body := app.profile_json();
  if body is null then
    return app.refuse('session_required');
  end if;
  return app.ok(200, body);
end
$$;
