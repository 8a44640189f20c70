-- Kill switches.

-- The JSON of one kill switch.
create or replace function app.stop_json(p_stop app.stops) returns json language plpgsql stable as $$
declare
  scope constant text := split_part(p_stop.key, ' ', 1);
begin
  return json_build_object(
    'scope', scope,
    'country', case when scope = 'country' then split_part(p_stop.key, ' ', 2) end,
    'tenant', case when scope = 'tenant' then app.typeid('tenant', split_part(p_stop.key, ' ', 2)::uuid) end,
    'stopped', true, 'reason', p_stop.reason, 'set_by', app.typeid('key', p_stop.set_by), 'set_at', app.time(p_stop.set_at));
end
$$;

-- The platform throws a kill switch, or lifts it: p_scope platform, country (p_country) or tenant (p_tenant_id). It holds from the next text on. Returns 200 with
-- the switch (stopped false when it was lifted), or body_invalid (no such scope, country or reason), not_found (no such tenant).
create or replace function api.stop_set(p_scope text, p_country text, p_tenant_id uuid, p_stopped boolean, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  stop app.stops;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if p_scope is null or p_scope not in ('platform', 'country', 'tenant') then
    return app.refuse_field('body_invalid', '/scope');
  elsif p_scope = 'country' and not exists (select from app.prices p where p.country = p_country) then
    return app.refuse_field('body_invalid', '/country');
  elsif p_scope = 'tenant' and not exists (select from app.tenants t where t.tenant_id = p_tenant_id) then
    return app.refuse('not_found');
  elsif p_reason is null or length(p_reason) not between 1 and 200 then
    return app.refuse_field('body_invalid', '/reason');
  end if;
  stop.key := case p_scope when 'platform' then p_scope when 'country' then 'country ' || p_country else 'tenant ' || p_tenant_id end;
  if p_stopped then
    insert into app.stops as s (key, cause, reason, set_by)
    values (stop.key, 'switch', p_reason, nullif(current_setting('app.key', true), '')::uuid)
    on conflict on constraint stops_pk do update set reason = excluded.reason, set_by = excluded.set_by, set_at = now()
    returning * into stop;
  else
    stop.reason := p_reason;
    stop.set_by := nullif(current_setting('app.key', true), '')::uuid;
    stop.set_at := now();
    delete from app.stops s where s.key = stop.key and s.cause = 'switch';
  end if;
  if p_scope = 'tenant' then  -- the audit trail is the store's
    perform set_config('app.tenant', p_tenant_id::text, true);
    perform app.event(case when p_stopped then 'texts_stopped' else 'texts_resumed' end, p_detail => json_build_object('reason', p_reason));
    perform set_config('app.tenant', '', true);
  end if;
  return app.ok(200, (app.stop_json(stop)::jsonb || jsonb_build_object('stopped', p_stopped))::json);
end
$$;

-- The platform lists the kill switches that are thrown. Returns 200 with items.
create or replace function api.stop_list()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  return app.ok(200, json_build_object('items', (
    select coalesce(json_agg(app.stop_json(s) order by s.set_at desc, s.key), '[]'::json) from app.stops s where s.cause = 'switch'),
    'next_cursor', null));
end
$$;
