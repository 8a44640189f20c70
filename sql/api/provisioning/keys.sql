-- API keys of a tenant, made and revoked by the platform.

-- The JSON of one key; never its secret.
create or replace function app.key_json(p_key app.tenant_keys) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('key', p_key.key_id), 'name', p_key.name, 'prefix', p_key.prefix, 'mode', p_key.mode, 'scopes', to_json(p_key.scopes),
    'created_at', app.time(p_key.created_at), 'last_used_at', app.time(p_key.last_used_at), 'expires_at', app.time(p_key.expires_at),
    'revoked_at', app.time(p_key.revoked_at), 'replaced_by', app.typeid('key', p_key.replaced_by));
end
$$;

-- The platform makes a key. p_scopes null: all there are. Returns 201 with the key and, sealed, its text; or not_found, tenant_deleting, too_many_keys
-- (10 in force, those that a rotation has replaced not counted).
create or replace function api.key_create(p_key_id uuid, p_name text, p_mode text, p_scopes json, p_key_hash bytea, p_prefix text, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  refusal text;
  made app.tenant_keys;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('key_create');
  if reply.replayed is not null then
    return reply;
  end if;
  -- the tenant's row is locked while its keys are counted, so that two calls cannot both make the tenth
  select case t.status when 'deleting' then 'tenant_deleting' end into refusal from app.tenants t where t.tenant_id = app.tenant() for no key update;
  if not found then
    return app.idem_end('key_create', app.refuse('not_found'));
  elsif refusal is not null then
    return app.idem_end('key_create', app.refuse(refusal));
  end if;
  insert into app.tenant_keys (tenant_id, key_id, key_hash, name, mode, prefix, scopes)
  select app.tenant(), p_key_id, p_key_hash, p_name, coalesce(p_mode, 'live'), p_prefix,
         case when p_scopes is null then array['launches'] else app.strings(p_scopes) end
   where (select count(*) from app.tenant_keys k
           where k.tenant_id = app.tenant() and k.revoked_at is null and k.replaced_by is null) < 10
  returning * into made;
  if not found then
    return app.idem_end('key_create', app.refuse('too_many_keys'));
  end if;
  perform app.event('key_created', p_detail => json_build_object('key', app.typeid('key', p_key_id), 'name', p_name, 'prefix', p_prefix));
  return app.idem_end('key_create', app.ok(201, app.key_json(made), null, p_secret_sealed));
end
$$;

-- The platform lists a tenant's keys by id, revoked ones too. Returns 200 with items and next_cursor, or not_found.
create or replace function api.key_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  last constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000'); -- in the query it would count as leaky, and keep the index from being used
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  with rows as (
    select k, row_number() over (order by k.key_id) as n
      from app.tenant_keys k
     where k.tenant_id = app.tenant() and k.key_id > last
     order by k.key_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(app.key_json(r.k) order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(app.typeid('key', (r.k).key_id)) filter (where r.n = p_limit) end)
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

-- The platform puts a new key in the place of another, with its name, mode and scopes; the old one works for p_grace_seconds more, beside it. A key is
-- rotated once: of two rotations at once the second finds it replaced. At most two of a line are in force: rotating the new one ends the old one's
-- grace. C cannot know the mode, so it made a live and a test text. Returns 201 with the new key and, sealed, its text; or not_found, tenant_deleting,
-- key_ended (revoked, replaced or expired), live_key_required (a test key asks for a live one).
create or replace function api.key_rotate(p_old_key_id uuid, p_key_id uuid, p_grace_seconds bigint, p_live_hash bytea, p_live_prefix text,
                                          p_live_sealed bytea, p_test_hash bytea, p_test_prefix text, p_test_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  deleting boolean;
  old app.tenant_keys;
  made app.tenant_keys;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('key_rotate');
  if reply.replayed is not null then
    return reply;
  end if;
  select t.status = 'deleting' into deleting from app.tenants t where t.tenant_id = app.tenant() for no key update;
  select * into old from app.tenant_keys k where k.tenant_id = app.tenant() and k.key_id = p_old_key_id;
  if not found then
    return app.idem_end('key_rotate', app.refuse('not_found'));
  elsif deleting then
    return app.idem_end('key_rotate', app.refuse('tenant_deleting'));
  elsif old.mode = 'live' and current_setting('app.mode', true) = 'test' then
    return app.idem_end('key_rotate', app.refuse('live_key_required'));
  end if;
  update app.tenant_keys k
     set replaced_by = p_key_id,
         revoked_at = case when p_grace_seconds = 0 then now() end,
         expires_at = case when p_grace_seconds > 0 then now() + p_grace_seconds * interval '1 second' end
   where k.tenant_id = app.tenant() and k.key_id = p_old_key_id
     and k.revoked_at is null and k.replaced_by is null and (k.expires_at is null or k.expires_at > now());
  if not found then
    return app.idem_end('key_rotate', app.refuse('key_ended'));
  end if;
  update app.tenant_keys k set revoked_at = now()
   where k.tenant_id = app.tenant() and k.replaced_by = p_old_key_id and k.revoked_at is null;
  insert into app.tenant_keys (tenant_id, key_id, key_hash, name, mode, prefix, scopes)
  values (app.tenant(), p_key_id, case old.mode when 'live' then p_live_hash else p_test_hash end, old.name, old.mode,
          case old.mode when 'live' then p_live_prefix else p_test_prefix end, old.scopes)
  returning * into made;
  perform app.event('key_rotated', p_detail => json_build_object(
    'key', app.typeid('key', p_old_key_id), 'replaced_by', app.typeid('key', p_key_id), 'grace_seconds', p_grace_seconds));
  return app.idem_end('key_rotate',
    app.ok(201, app.key_json(made), null, case old.mode when 'live' then p_live_sealed else p_test_sealed end));
end
$$;
