-- What the operator's subcommands call, as role tillgate_operator: keys of the platform's backend. There is no enter: who
-- may log in as that role is the operator.

-- The operator makes a platform key. Returns the key, without its text.
create or replace function operator.platform_key_create(p_key_id uuid, p_name text, p_mode text, p_key_hash bytea, p_prefix text)
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  insert into app.platform_keys (key_id, key_hash, name, mode, prefix) values (p_key_id, p_key_hash, p_name, p_mode, p_prefix);
  return app.key_json(p_key_id, p_name, p_prefix, p_mode, now(), null, null);
end
$$;

-- The operator lists all platform keys, revoked ones too. Returns {items}.
create or replace function operator.platform_key_list()
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  return (select json_build_object('items', coalesce(json_agg(
                   app.key_json(k.key_id, k.name, k.prefix, k.mode, k.created_at, k.last_used_at, k.revoked_at) order by k.key_id), '[]'::json))
            from app.platform_keys k);
end
$$;

-- The operator revokes a platform key; it is refused from the next call on. Returns the key (again when it was revoked before), or null
-- when there is none.
create or replace function operator.platform_key_revoke(p_key_id uuid)
returns json language plpgsql security definer set search_path = '' as $$
declare
  revoked app.platform_keys;
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  update app.platform_keys k set revoked_at = coalesce(k.revoked_at, now()) where k.key_id = p_key_id
  returning * into revoked;
  if not found then
    return null;
  end if;
  return app.key_json(revoked.key_id, revoked.name, revoked.prefix, revoked.mode, revoked.created_at, revoked.last_used_at, revoked.revoked_at);
end
$$;
