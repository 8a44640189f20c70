-- Trusted devices.

-- A signed-in user lists their trusted devices. p_device_hash: the device cookie, if any. Returns 200 with items, newest first.
create or replace function api.device_list(p_device_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  items json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select coalesce(json_agg(json_build_object(
           'id', app.typeid('device', d.device_id), 'name', d.name, 'created_at', app.time(d.created_at),
           'last_used_at', app.time(d.last_used_at), 'expires_at', app.time(d.expires_at),
           'current', coalesce(d.device_hash = p_device_hash, false)) order by d.created_at desc, d.device_id), '[]'::json)
    into items
    from app.devices d
   where d.tenant_id = app.tenant() and d.user_id = app.user_id() and d.expires_at > now();
  return app.ok(200, json_build_object('items', items, 'next_cursor', null));
end
$$;

-- A signed-in user forgets all trusted devices ("Clear device data"). Returns 204.
create or replace function api.device_clear()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  delete from app.devices d where d.tenant_id = app.tenant() and d.user_id = app.user_id();
  perform app.event('devices_cleared');
  return app.ok(204);
end
$$;

-- A signed-in user forgets one trusted device. Returns 204, or not_found.
create or replace function api.device_remove(p_device_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  delete from app.devices d where d.tenant_id = app.tenant() and d.user_id = app.user_id() and d.device_id = p_device_id;
  if not found then
    return app.refuse('not_found');
  end if;
  perform app.event('device_removed', p_detail => json_build_object('device', app.typeid('device', p_device_id)));
  return app.ok(204);
end
$$;
