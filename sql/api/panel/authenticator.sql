-- The authenticator app: shown, proved, removed.

-- A user who may set up is shown a new secret, valid 10 minutes; the one in use stays until it is proved. Returns 201 with expires_at,
-- server_time and, for the otpauth URI, store and account.
create or replace function api.authenticator_start(p_authenticator_id uuid, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  naming record;
  life constant interval := interval '10 minutes';
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  insert into app.authenticators as a (tenant_id, user_id, authenticator_id, secret_sealed, expires_at)
  values (app.tenant(), app.user_id(), p_authenticator_id, p_secret_sealed, now() + life)
  on conflict on constraint authenticators_one_of_each_state do update
    set authenticator_id = excluded.authenticator_id, secret_sealed = excluded.secret_sealed, expires_at = excluded.expires_at,
        created_at = now();
  select t.name as store, coalesce(u.email, u.name) as account into naming
    from app.users u join app.tenants t on t.tenant_id = u.tenant_id
   where u.tenant_id = app.tenant() and u.user_id = app.user_id();
  return app.ok(201, json_build_object('store', naming.store, 'account', naming.account,
                                       'expires_at', app.time(now() + life), 'server_time', app.time(now())));
end
$$;

-- A user who may set up tries a code of the secret just shown; the try is counted before C compares. Returns 102 with the sealed secret, or
-- set_up_expired, no_authenticator (nothing was shown), locked.
create or replace function api.authenticator_check()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
  pending record;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  end if;
  select a.authenticator_id, a.secret_sealed, a.last_step, a.expires_at > now() as in_time into pending
    from app.authenticators a
   where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.state = 'pending';
  if not found then
    return app.refuse('no_authenticator');
  elsif not pending.in_time then
    return app.refuse('set_up_expired');
  elsif app.tries_count(false, false, false) is null then
    select * into m from app.methods(app.tenant(), app.user_id());
    return app.refuse_locked(coalesce(m.locked_until, now()));
  end if;
  return row(102, 'totp_check', json_build_object('authenticator_id', pending.authenticator_id), pending.last_step::text,
             pending.secret_sealed, false)::api.reply;
end
$$;

-- The second half of authenticator_check: p_step is the time step that matched, null when none did. The new secret is active, an old one gone, the session
-- rises. Returns 200 with the session, or code_wrong, set_up_expired, session_required.
create or replace function api.authenticator_activate(p_authenticator_id uuid, p_step bigint, p_session_id uuid, p_token_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  replaced boolean;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if p_step is null then
    return app.refuse_wrong((select u.wrong_codes from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id()));
  end if;
  -- the step is spent first: this update decides which of two equal requests goes on
  update app.authenticators a set last_step = p_step
   where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.authenticator_id = p_authenticator_id
     and a.state = 'pending' and a.expires_at > now() and a.last_step < p_step;
  if not found then
    return app.refuse('set_up_expired');
  end if;
  delete from app.authenticators a where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.state = 'active';
  replaced := found;
  update app.authenticators a set state = 'active', expires_at = null
   where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.authenticator_id = p_authenticator_id;
  if not app.rise('set_up', p_session_id, p_token_hash, 'authenticator') then
    raise exception 'authenticator_activate lost a race' using errcode = 'serialization_failure';
  end if;
  perform app.tries_clear('authenticator');
  update app.users u set preferred_method = 'authenticator'
   where u.tenant_id = app.tenant() and u.user_id = app.user_id() and u.preferred_method is null;
  perform app.event('authenticator_activated', p_detail => json_build_object('replaced', replaced));
  return app.ok(200, json_build_object('session', app.session_json(null)));
end
$$;

-- A fresh session removes its authenticator. Returns 204, or no_authenticator, last_method.
create or replace function api.authenticator_remove()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  -- see phone_remove
  perform from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id() for no key update;
  if not exists (select from app.authenticators a
                  where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.state = 'active') then
    return app.refuse('no_authenticator');
  elsif not exists (select from app.phones p where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.state = 'verified') then
    return app.refuse('last_method');
  end if;
  delete from app.authenticators a where a.tenant_id = app.tenant() and a.user_id = app.user_id();
  update app.users u set preferred_method = null
   where u.tenant_id = app.tenant() and u.user_id = app.user_id() and u.preferred_method = 'authenticator';
  perform app.event('authenticator_removed');
  return app.ok(204);
end
$$;
