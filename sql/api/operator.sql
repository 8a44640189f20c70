-- What the operator's subcommands call, as role tillgate_operator: keys of the platform's backend.

-- The operator makes a platform key. Returns 201 with the key, without its text.
create or replace function operator.platform_key_create(p_key_id uuid, p_name text, p_mode text, p_key_hash bytea, p_prefix text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  insert into app.platform_keys (key_id, key_hash, name, mode, prefix) values (p_key_id, p_key_hash, p_name, p_mode, p_prefix);
  return app.ok(201, app.key_json(p_key_id, p_name, p_prefix, p_mode, now(), null, null));
end
$$;

-- The operator lists all platform keys, revoked ones too. Returns 200 with items.
create or replace function operator.platform_key_list()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  items json;
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  select coalesce(json_agg(app.key_json(k.key_id, k.name, k.prefix, k.mode, k.created_at, k.last_used_at, k.revoked_at) order by k.key_id), '[]'::json)
    into items
    from app.platform_keys k;
  return app.ok(200, json_build_object('items', items));
end
$$;

-- The operator revokes a platform key; it is refused from the next call on. Returns 204 (again when it was revoked before), or not_found.
create or replace function operator.platform_key_revoke(p_key_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  update app.platform_keys k set revoked_at = coalesce(k.revoked_at, now()) where k.key_id = p_key_id;
  return case when found then app.ok(204) else app.refuse('not_found') end;
end
$$;
