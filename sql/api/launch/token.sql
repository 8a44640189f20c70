-- Launch tokens: a JWT signed with a launch key of the store, redeemed once. C verifies the signature between finding the key and redeeming.

-- The key that a token names, in the store whose host it was posted to. Returns 200: with {launch_key, algorithm, public_key in hex, or sealed the secret; tenant and now,
-- by which C judges the claims}; or with {why} when there is none to verify with, and whether fetching a set again might help. A fetched set that could not be
-- fetched for a day is not trusted any more: nobody would notice that it dropped a key.
create or replace function api.launch_key_find(p_kid text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  key record;
begin
  if not app.entered('host') then
    return app.refuse('launch_expired');
  end if;
  select l.launch_key_id, l.algorithm, l.secret_sealed, k.public_key,
         k.retired_at is null and app.launch_key_live(l.expires_at, l.revoked_at) as live,
         l.source <> 'jwks_url' or l.fetched_at > now() - interval '1 day' as known
    into key
    from app.launch_key_kids k join app.launch_keys l on l.tenant_id = k.tenant_id and l.launch_key_id = k.launch_key_id
   where k.tenant_id = app.tenant() and k.kid = p_kid
   order by k.retired_at desc nulls first
   limit 1;
  if key.live and key.known then
    return app.ok(200, json_build_object(
      'launch_key', key.launch_key_id, 'algorithm', key.algorithm, 'public_key', encode(key.public_key, 'hex'), 'tenant_id', app.tenant(),
      'tenant', app.typeid('tenant', app.tenant()), 'now', floor(extract(epoch from now()))::bigint), null, key.secret_sealed);
  end if;
  return app.ok(200, json_build_object(
    'why', case when key.live then 'key_stale' when key.launch_key_id is not null then 'key_ended' else 'key_unknown' end,
    'refresh', exists (
      select from app.launch_keys l
       where l.tenant_id = app.tenant() and app.launch_key_live(l.expires_at, l.revoked_at)
         and l.source = 'jwks_url' and l.fetch_due_at > now() and l.fetch_tried_at < now() - interval '1 minute')));
end
$$;

-- A token named a kid that the store's fetched sets do not have: they are due again, at most once a minute. Returns 204.
create or replace function api.launch_key_refresh()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('host') then
    return app.refuse('launch_expired');
  end if;
  update app.launch_keys l set fetch_due_at = now()
   where l.tenant_id = app.tenant() and app.launch_key_live(l.expires_at, l.revoked_at)
     and l.source = 'jwks_url' and l.fetch_due_at > now() and l.fetch_tried_at < now() - interval '1 minute';
  return app.ok(204);
end
$$;

-- Notes that a token which the key did sign was refused: at the key, so that the platform can see why, and in the audit trail; once a minute, so that
-- posting one again and again writes nothing more.
create or replace function app.launch_token_refused(p_launch_key_id uuid, p_why text) returns void language plpgsql as $$
begin
  update app.launch_keys l set last_refused_at = now(), last_refusal = p_why
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id
     and (l.last_refused_at is null or l.last_refused_at < now() - interval '1 minute');
  if found then
    perform app.event('launch_refused', p_detail => json_build_object('launch_key', app.typeid('launch_key', p_launch_key_id), 'why', p_why));
  end if;
end
$$;

-- C found the claims of a well-signed token wanting. Returns 204.
create or replace function api.launch_token_refuse(p_launch_key_id uuid, p_why text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('host') then
    return app.refuse('launch_expired');
  end if;
  perform app.launch_token_refused(p_launch_key_id, p_why);
  return app.ok(204);
end
$$;

-- A browser redeems a verified token, once, into a launched session, as a ticket is. p_expires_at: the token's exp in seconds since 1970 and the skew allowed.
-- The jti is spent before the user is touched, so that a replay changes nothing. Returns 200 with app.launch_session's body, or launch_expired with why.
create or replace function api.launch_token_redeem(p_launch_key_id uuid, p_jti_hash bytea, p_expires_at bigint, p_user_id uuid, p_external_id text,
                                                   p_email text, p_name text, p_role text, p_locale text, p_destination text, p_return_url text,
                                                   p_return_origin text, p_session_id uuid, p_session_secret bytea, p_user_agent text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  key_mode text;
  tenant record;
  person record;
  why text;
begin
  if not app.entered('host') then
    return app.refuse('launch_expired');
  end if;
  -- the key once more: it may have been revoked since it was found
  select l.mode into key_mode from app.launch_keys l
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id and app.launch_key_live(l.expires_at, l.revoked_at);
  select t.locale, t.return_origins into tenant from app.tenants t where t.tenant_id = app.tenant();
  why := case
    when key_mode is null then 'key_ended'
    when to_timestamp(p_expires_at) <= now() then 'exp'
    when p_return_url is not null and coalesce(p_return_origin <> all (tenant.return_origins), true) then 'return_url' end;
  if why is null then
    insert into app.launch_tokens (tenant_id, jti_hash, expires_at) values (app.tenant(), p_jti_hash, to_timestamp(p_expires_at))
    on conflict on constraint launch_tokens_pk do nothing;
    if not found then
      why := 'jti_spent';
    end if;
  end if;
  if why is null then
    person := app.launch_person(p_user_id, p_external_id, p_email, p_name, p_role, coalesce(p_locale, tenant.locale));
    why := person.refusal;
  end if;
  if why is not null then
    perform app.launch_token_refused(p_launch_key_id, why);
    return app.refuse('launch_expired', json_build_object('why', why));
  end if;

  update app.launch_keys l set last_used_at = now()
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id
     and (l.last_used_at is null or l.last_used_at < now() - interval '1 minute');
  perform app.event('launch_redeemed', person.user_id, json_build_object(
    'launch_key', app.typeid('launch_key', p_launch_key_id), 'session', app.typeid('session', p_session_id)));
  return app.ok(200, app.launch_session(person.user_id, person.role, key_mode, coalesce(p_destination, '/'), p_return_url, p_session_id, p_session_secret,
                                        p_user_agent));
end
$$;
