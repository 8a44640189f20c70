-- API keys of a tenant, made and revoked by the platform.

-- The JSON of one key; never its secret.
create or replace function app.key_json(p_key_id uuid, p_name text, p_prefix text, p_mode text, p_created_at timestamptz,
                                        p_last_used_at timestamptz, p_revoked_at timestamptz)
returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('key', p_key_id), 'name', p_name, 'prefix', p_prefix, 'mode', p_mode, 'created_at', app.time(p_created_at),
    'last_used_at', app.time(p_last_used_at), 'revoked_at', app.time(p_revoked_at));
end
$$;

-- The platform makes a key. Returns 201 with the key and, sealed, its text; or not_found, too_many_keys (10 live).
create or replace function api.key_create(p_key_id uuid, p_name text, p_mode text, p_key_hash bytea, p_prefix text, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('key_create');
  if reply.replayed is not null then
    return reply;
  end if;
  -- the tenant's row is locked while its keys are counted, so that two calls cannot both make the tenth
  perform from app.tenants t where t.tenant_id = app.tenant() for no key update;
  if not found then
    return app.idem_end('key_create', app.refuse('not_found'));
  end if;
  insert into app.tenant_keys (tenant_id, key_id, key_hash, name, mode, prefix)
  select app.tenant(), p_key_id, p_key_hash, p_name, coalesce(p_mode, 'live'), p_prefix
   where (select count(*) from app.tenant_keys k where k.tenant_id = app.tenant() and k.revoked_at is null) < 10;
  if not found then
    return app.idem_end('key_create', app.refuse('too_many_keys'));
  end if;
  perform app.event('key_created', p_detail => json_build_object('key', app.typeid('key', p_key_id), 'name', p_name, 'prefix', p_prefix));
  return app.idem_end('key_create',
    app.ok(201, app.key_json(p_key_id, p_name, p_prefix, coalesce(p_mode, 'live'), now(), null, null), null, p_secret_sealed));
end
$$;

-- The platform lists a tenant's keys by id, revoked ones too. Returns 200 with items and next_cursor, or not_found.
create or replace function api.key_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  with rows as (
    select k.*, row_number() over (order by k.key_id) as n
      from app.tenant_keys k
     where k.tenant_id = app.tenant() and (p_after is null or k.key_id > p_after)
     order by k.key_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(app.key_json(r.key_id, r.name, r.prefix, r.mode, r.created_at, r.last_used_at, r.revoked_at)
                                      order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(app.typeid('key', r.key_id)) filter (where r.n = p_limit) end)
    into page
    from rows r;
  return app.ok(200, page);
end
$$;

-- The platform revokes a key; it is refused from the next call on. Returns 204 (again when it was revoked before), or not_found.
create or replace function api.key_revoke(p_key_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  update app.tenant_keys k set revoked_at = now()
   where k.tenant_id = app.tenant() and k.key_id = p_key_id and k.revoked_at is null;
  if found then
    perform app.event('key_revoked', p_detail => json_build_object('key', app.typeid('key', p_key_id)));
    return app.ok(204);
  end if;
  if exists (select from app.tenant_keys k where k.tenant_id = app.tenant() and k.key_id = p_key_id) then
    return app.ok(204);
  end if;
  return app.refuse('not_found');
end
$$;
