-- Who calls. Each enter clears what an earlier call of the same transaction pinned, then pins the caller, or pins nothing and
-- says why. The functions behind them ask app.entered() first, so a call behind a failed enter sees nothing.

-- The platform's backend, by API key. p_tenant_id is the tenant of the path, if any; p_scope what the route needs. Returns code key_refused,
-- scope_missing or null.
create or replace function api.enter_platform(p_key_hash bytea, p_tenant_id uuid, p_request_id uuid, p_address text,
                                              p_idem_key text, p_idem_hash bytea, p_scope text)
returns api.entered language plpgsql security definer set search_path = '' as $$
declare
  key record;
begin
  perform app.unpin();
  perform set_config('app.caller', 'platform', true);  -- the policy of app.platform_keys asks for it
  select k.key_id, k.mode, k.last_used_at, k.scopes into key
    from app.platform_keys k
   where k.key_hash = p_key_hash and k.revoked_at is null;
  if not found then
    perform app.unpin();
    return row('key_refused', null, null, null)::api.entered;
  end if;
  if p_scope is null or p_scope <> all (key.scopes) then
    perform app.unpin();
    return row('scope_missing', null, null, null)::api.entered;
  end if;
  if key.last_used_at is null or key.last_used_at < now() - interval '1 minute' then
    update app.platform_keys k set last_used_at = now()
     where k.key_id = key.key_id and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute');
  end if;
  perform set_config('app.tenant', coalesce(p_tenant_id::text, ''), true), set_config('app.key', key.key_id::text, true),
          set_config('app.mode', key.mode, true), set_config('app.request', p_request_id::text, true),
          set_config('app.address', coalesce(p_address, ''), true), set_config('app.idem_key', coalesce(p_idem_key, ''), true),
          set_config('app.idem_hash', coalesce(encode(p_idem_hash, 'hex'), ''), true);
  return row(null, p_tenant_id, null, key.mode)::api.entered;
end
$$;

-- A store's backend, by API key; p_tenant_id is part of the key's text. Returns code key_refused, tenant_suspended, scope_missing or null.
create or replace function api.enter_tenant(p_tenant_id uuid, p_key_hash bytea, p_request_id uuid, p_address text,
                                            p_idem_key text, p_idem_hash bytea, p_scope text)
returns api.entered language plpgsql security definer set search_path = '' as $$
declare
  key record;
begin
  perform app.unpin();
  perform set_config('app.tenant', coalesce(p_tenant_id::text, ''), true);
  select k.key_id, k.mode, k.last_used_at, k.scopes, t.status into key
    from app.tenant_keys k
    join app.tenants t on t.tenant_id = k.tenant_id
   where k.tenant_id = p_tenant_id and k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  if not found or key.status not in ('trial', 'active') then
    perform app.unpin();
    return row(case when key.status = 'suspended' then 'tenant_suspended' else 'key_refused' end, null, null, null)::api.entered;
  end if;
  if p_scope is null or p_scope <> all (key.scopes) then
    perform app.unpin();
    return row('scope_missing', null, null, null)::api.entered;
  end if;
  if key.last_used_at is null or key.last_used_at < now() - interval '1 minute' then
    update app.tenant_keys k set last_used_at = now()
     where k.tenant_id = p_tenant_id and k.key_id = key.key_id
       and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute');
  end if;
  perform set_config('app.caller', 'tenant', true), set_config('app.key', key.key_id::text, true),
          set_config('app.mode', key.mode, true), set_config('app.request', p_request_id::text, true),
          set_config('app.address', coalesce(p_address, ''), true), set_config('app.idem_key', coalesce(p_idem_key, ''), true),
          set_config('app.idem_hash', coalesce(encode(p_idem_hash, 'hex'), ''), true);
  return row(null, p_tenant_id, null, key.mode)::api.entered;
end
$$;

-- A browser, by session cookie, on the panel host of p_slug. p_level is what the route needs: launched, set_up, signed_in or fresh.
-- Returns code session_required, tenant_suspended, second_step_required, fresh_session_required or null.
-- This is the hottest function there is, so it does not clear before it pins: each of its ways out sets or clears every name that counts.
create or replace function api.enter_session(p_tenant_id uuid, p_user_id uuid, p_token_hash bytea, p_slug text, p_level text,
                                             p_request_id uuid, p_address text)
returns api.entered language plpgsql security definer set search_path = '' as $$
declare
  session record;
  refusal text;
begin
  perform set_config('app.tenant', coalesce(p_tenant_id::text, ''), true);
  select s.state, s.mode, s.seen_at < now() - interval '1 minute' as touch, s.second_step_at > now() - interval '15 minutes' as fresh,
         t.status
    into session
    from app.sessions s
    join app.tenants t on t.tenant_id = s.tenant_id
    join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
   where s.tenant_id = p_tenant_id and s.user_id = p_user_id and s.token_hash = p_token_hash
     and s.expires_at > now() and s.seen_at > now() - interval '15 minutes'
     and t.slug = p_slug and u.removed_at is null and u.locked_at is null
     and (u.signed_out_at is null or s.created_at >= u.signed_out_at);

  refusal := case
    when not found then 'session_required'
    when session.status not in ('trial', 'active') then 'tenant_suspended'
    when p_level = 'launched' then null
    when session.state = 'ready' and (p_level = 'signed_in' or session.fresh) then null
    -- the first set-up: somebody who has no method yet may make one, launched or by a bypass
    when p_level = 'set_up' and not app.has_method(p_tenant_id, p_user_id) then null
    when session.state = 'ready' then 'fresh_session_required'
    else 'second_step_required'
  end;
  if refusal is not null then
    perform app.unpin();
    return row(refusal, null, null, null)::api.entered;
  end if;

  -- written once a minute, not at every request
  if session.touch then
    update app.sessions s set seen_at = now()
     where s.tenant_id = p_tenant_id and s.user_id = p_user_id and s.token_hash = p_token_hash
       and s.seen_at < now() - interval '1 minute';
  end if;
  perform set_config('app.caller', 'session', true), set_config('app.user', p_user_id::text, true),
          set_config('app.session', encode(p_token_hash, 'hex'), true), set_config('app.mode', session.mode, true),
          set_config('app.request', p_request_id::text, true), set_config('app.address', coalesce(p_address, ''), true);
  return row(null, p_tenant_id, p_user_id, session.mode)::api.entered;
end
$$;

-- A browser that has no session yet, on the panel host of p_slug. Returns code host_unknown, tenant_suspended or null.
create or replace function api.enter_host(p_slug text, p_request_id uuid, p_address text)
returns api.entered language plpgsql security definer set search_path = '' as $$
declare
  tenant uuid;
  tenant_status text;
begin
  perform app.unpin();
  perform set_config('app.caller', 'host', true);  -- the policy of app.slugs asks for it
  select s.tenant_id into tenant from app.slugs s where s.slug = p_slug;
  if found then
    perform set_config('app.tenant', tenant::text, true);
    select t.status into tenant_status from app.tenants t where t.tenant_id = tenant;
  end if;
  if tenant_status in ('trial', 'active') then
    perform set_config('app.request', p_request_id::text, true), set_config('app.address', coalesce(p_address, ''), true);
    return row(null, tenant, null, null)::api.entered;
  end if;
  perform app.unpin();
  return row(case when tenant_status = 'suspended' then 'tenant_suspended' else 'host_unknown' end, null, null, null)::api.entered;
end
$$;

-- The server itself: callbacks that C has authenticated, the sender, the jobs (without a tenant).
create or replace function api.enter_system(p_tenant_id uuid, p_request_id uuid)
returns api.entered language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'system', true), set_config('app.tenant', coalesce(p_tenant_id::text, ''), true),
          set_config('app.request', p_request_id::text, true);
  return row(null, p_tenant_id, null, null)::api.entered;
end
$$;
