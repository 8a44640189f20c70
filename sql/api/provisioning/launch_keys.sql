-- Launch keys of a store: what it signs launch tokens with. Made, rotated and revoked by the platform. Whatever changes which kids are in
-- use holds the tenant's row, so that two calls cannot both take the last place or the same kid.

-- Is a launch key accepted now?
create or replace function app.launch_key_live(p_expires_at timestamptz, p_revoked_at timestamptz) returns boolean language sql stable
return p_revoked_at is null and coalesce(p_expires_at > now(), true);

-- The JSON of one launch key; never its secret.
create or replace function app.launch_key_json(p_key app.launch_keys) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('launch_key', p_key.launch_key_id), 'name', p_key.name, 'mode', p_key.mode, 'algorithm', p_key.algorithm,
    'source', p_key.source,
    'kids', (select coalesce(json_agg(k.kid order by k.kid), '[]'::json) from app.launch_key_kids k
              where k.tenant_id = p_key.tenant_id and k.launch_key_id = p_key.launch_key_id and k.retired_at is null),
    'jwks_url', p_key.jwks_url, 'fetched_at', app.time(p_key.fetched_at), 'fetch_error', p_key.fetch_error,
    'created_at', app.time(p_key.created_at), 'last_used_at', app.time(p_key.last_used_at),
    'last_refused_at', app.time(p_key.last_refused_at), 'last_refusal', p_key.last_refusal,
    'expires_at', app.time(p_key.expires_at), 'revoked_at', app.time(p_key.revoked_at));
end
$$;

-- The kids of launch keys that have ended are free again.
create or replace function app.launch_kids_retire() returns void language plpgsql as $$
begin
  update app.launch_key_kids k set retired_at = now()
    from app.launch_keys l
   where k.tenant_id = app.tenant() and k.retired_at is null and l.tenant_id = k.tenant_id and l.launch_key_id = k.launch_key_id
     and not app.launch_key_live(l.expires_at, l.revoked_at);
end
$$;

-- Why a launch key with these public keys, a list of {kid, public_key in hex}, cannot be added: too_many_keys (10 live), kid_taken; else null. It
-- may replace p_old_id, whose place it takes when that ends at once, and whose public keys when it names them by the same kid.
create or replace function app.launch_key_refusal(p_keys json, p_old_id uuid default null, p_at_once boolean default false)
returns text language plpgsql stable as $$
begin
  if (select count(*) from app.launch_keys l
       where l.tenant_id = app.tenant() and app.launch_key_live(l.expires_at, l.revoked_at)
         and not (p_at_once and l.launch_key_id = p_old_id)) >= 10 then
    return 'too_many_keys';
  end if;
  if exists (
    select from app.launch_key_kids k join json_to_recordset(p_keys) as n (kid text, public_key text) on n.kid = k.kid
     where k.tenant_id = app.tenant() and k.retired_at is null
       and not (k.launch_key_id is not distinct from p_old_id and (p_at_once or k.public_key = decode(n.public_key, 'hex')))) then
    return 'kid_taken';
  end if;
  return null;
end
$$;

-- Adds a launch key that nothing speaks against.
create or replace function app.launch_key_add(p_launch_key_id uuid, p_name text, p_mode text, p_algorithm text, p_source text, p_keys json,
                                              p_jwks_url text, p_secret_sealed bytea)
returns void language plpgsql as $$
begin
  insert into app.launch_keys (tenant_id, launch_key_id, name, mode, algorithm, source, jwks_url, fetch_due_at, secret_sealed)
  values (app.tenant(), p_launch_key_id, p_name, p_mode, p_algorithm, p_source, p_jwks_url, case when p_jwks_url is not null then now() end,
          p_secret_sealed);
  insert into app.launch_key_kids (tenant_id, launch_key_id, kid, public_key)
  select app.tenant(), p_launch_key_id, n.kid, decode(n.public_key, 'hex') from json_to_recordset(p_keys) as n (kid text, public_key text);
end
$$;

-- Ends a launch key after p_grace_seconds, never later than it would have ended; its kids are free at the end, those of p_keys now.
create or replace function app.launch_key_end(p_launch_key_id uuid, p_grace_seconds bigint, p_keys json) returns void language plpgsql as $$
begin
  update app.launch_keys l
     set expires_at = least(l.expires_at, now() + p_grace_seconds * interval '1 second'), revoked_at = case when p_grace_seconds = 0 then now() end
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id;
  update app.launch_key_kids k set retired_at = now()
   where k.tenant_id = app.tenant() and k.launch_key_id = p_launch_key_id and k.retired_at is null
     and (p_grace_seconds = 0 or k.kid in (select n.kid from json_to_recordset(p_keys) as n (kid text)));
end
$$;

-- The 201 of a new launch key; with its sealed secret when that was drawn here and the caller must be shown it.
create or replace function app.launch_key_made(p_launch_key_id uuid, p_shown_sealed bytea) returns api.reply language plpgsql stable as $$
declare
  made app.launch_keys;
begin
  select * into made from app.launch_keys l where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id;
  return app.ok(201, app.launch_key_json(made), null, p_shown_sealed);
end
$$;

-- The platform makes a launch key. p_keys: its public keys as a list of {kid, public_key in hex}; empty until a jwks_url has been fetched. p_drawn:
-- the secret was drawn here. Returns 201 with the key and, sealed, a drawn secret; or not_found, tenant_deleting, too_many_keys, kid_taken.
create or replace function api.launch_key_create(p_launch_key_id uuid, p_name text, p_mode text, p_algorithm text, p_source text, p_keys json,
                                                 p_jwks_url text, p_secret_sealed bytea, p_drawn boolean)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  refusal text;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('launch_key_create');
  if reply.replayed is not null then
    return reply;
  end if;
  select case t.status when 'deleting' then 'tenant_deleting' end into refusal from app.tenants t where t.tenant_id = app.tenant() for no key update;
  if not found then
    return app.idem_end('launch_key_create', app.refuse('not_found'));
  end if;
  perform app.launch_kids_retire();
  refusal := coalesce(refusal, app.launch_key_refusal(p_keys));
  if refusal is not null then
    return app.idem_end('launch_key_create', app.refuse(refusal));
  end if;
  perform app.launch_key_add(p_launch_key_id, p_name, p_mode, p_algorithm, p_source, p_keys, p_jwks_url, p_secret_sealed);
  perform app.event('launch_key_created', p_detail => json_build_object(
    'launch_key', app.typeid('launch_key', p_launch_key_id), 'name', p_name, 'algorithm', p_algorithm, 'source', p_source));
  return app.idem_end('launch_key_create', app.launch_key_made(p_launch_key_id, case when p_drawn then p_secret_sealed end));
end
$$;

-- The platform replaces a launch key by a new one; the old one answers for p_grace_seconds more. Without a name the new one has the old one's, and its mode always.
-- A set that still names an old public key by its old kid takes it over. Returns as launch_key_create does, or key_ended,
-- or live_key_required (what a test key made never spends money).
create or replace function api.launch_key_rotate(p_old_id uuid, p_grace_seconds bigint, p_launch_key_id uuid, p_name text, p_algorithm text, p_source text,
                                                 p_keys json, p_jwks_url text, p_secret_sealed bytea, p_drawn boolean)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  old app.launch_keys;
  refusal text;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('launch_key_rotate');
  if reply.replayed is not null then
    return reply;
  end if;
  select case t.status when 'deleting' then 'tenant_deleting' end into refusal from app.tenants t where t.tenant_id = app.tenant() for no key update;
  perform app.launch_kids_retire();
  select * into old from app.launch_keys l where l.tenant_id = app.tenant() and l.launch_key_id = p_old_id;
  refusal := case
    when not found then 'not_found'
    when refusal is not null then refusal
    when old.mode = 'live' and current_setting('app.mode', true) = 'test' then 'live_key_required'
    when not app.launch_key_live(old.expires_at, old.revoked_at) then 'key_ended'
    else app.launch_key_refusal(p_keys, p_old_id, p_grace_seconds = 0) end;
  if refusal is not null then
    return app.idem_end('launch_key_rotate', app.refuse(refusal));
  end if;
  perform app.launch_key_end(p_old_id, p_grace_seconds, p_keys);
  perform app.launch_key_add(p_launch_key_id, coalesce(p_name, old.name), old.mode, p_algorithm, p_source, p_keys, p_jwks_url, p_secret_sealed);
  perform app.event('launch_key_rotated', p_detail => json_build_object(
    'launch_key', app.typeid('launch_key', p_old_id), 'replaced_by', app.typeid('launch_key', p_launch_key_id), 'grace_seconds', p_grace_seconds));
  return app.idem_end('launch_key_rotate', app.launch_key_made(p_launch_key_id, case when p_drawn then p_secret_sealed end));
end
$$;

-- The platform lists a tenant's launch keys by id, revoked ones too. Returns 200 with items and next_cursor, or not_found.
create or replace function api.launch_key_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  -- computed here: under row-level security a condition that asks whether it is null would not use the key
  after constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  with rows as (
    select l, l.launch_key_id, row_number() over (order by l.launch_key_id) as n
      from app.launch_keys l
     where l.tenant_id = app.tenant() and l.launch_key_id > after
     order by l.launch_key_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(app.launch_key_json(r.l) order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(app.typeid('launch_key', r.launch_key_id)) filter (where r.n = p_limit) end)
    into page
    from rows r;
  return app.ok(200, page);
end
$$;

-- The platform revokes a launch key; its tokens are refused from now on. Returns 204 (again when it was revoked before), or not_found.
create or replace function api.launch_key_revoke(p_launch_key_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  perform from app.tenants t where t.tenant_id = app.tenant() for no key update;
  if exists (select from app.launch_keys l where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id and l.revoked_at is null) then
    perform app.launch_key_end(p_launch_key_id, 0, '[]'), app.event('launch_key_revoked', p_detail => json_build_object(
      'launch_key', app.typeid('launch_key', p_launch_key_id)));
    return app.ok(204);
  end if;
  if exists (select from app.launch_keys l where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id) then
    return app.ok(204);
  end if;
  return app.refuse('not_found');
end
$$;
