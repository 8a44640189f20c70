-- The limits of a store and of the platform, as the platform's backend sees and changes them.

-- The JSON of the pinned store's limits, with what is spent under way. p_limits: a row of app.tenant_limits, or null.
create or replace function app.limits_json(p_limits app.tenant_limits, p_status text, p_country text) returns json language plpgsql stable as $$
declare
  day constant bigint := coalesce(p_limits.day_micros, app.day_default(p_status));
  s record;
begin
  select case when x.hour_start = date_trunc('hour', now(), 'UTC') then x.hour_micros end as hour,
         case when x.day_start = date_trunc('day', now(), 'UTC') then x.day_micros end as day,
         case when x.month_start = date_trunc('month', now(), 'UTC') then x.month_micros end as month
    into s from app.spent x where x.tenant_id = app.tenant();
  return json_build_object(
    'currency', (select f.currency from app.platform_limits f),
    'day_micros', day, 'month_micros', coalesce(p_limits.month_micros, 20 * day), 'hour_micros', day / 4,
    'reserve_percent', coalesce(p_limits.reserve_percent, 20),
    'max_price_micros', coalesce(p_limits.max_price_micros, (
      select greatest(100000, max(p.price_micros)) from app.prices p where p.country = p_country)),
    'countries', (select coalesce(json_agg(json_build_object('country', c.country, 'day_micros', c.day_micros, 'stopped', c.stopped)
                                           order by c.country), '[]'::json)
                    from app.country_limits c where c.tenant_id = app.tenant()),
    'shadow', to_json(coalesce(p_limits.shadow, '{}')),
    'ramp_lifted', case when p_limits.ramp_lifted_reason is not null then json_build_object('reason', p_limits.ramp_lifted_reason) end,
    'spent', json_build_object('hour', coalesce(s.hour, 0), 'day', coalesce(s.day, 0), 'month', coalesce(s.month, 0)));
end
$$;

-- Whether p_changes may be made to limits: null, or the refusal that names every bad field. Which fields there are and of which types C has seen to;
-- here are the bounds, the countries that exist, the layers and the currency.
create or replace function app.limits_check(p_changes json) returns api.reply language plpgsql stable as $$
declare
  bad text[] := array[]::text[];
  field text;
begin
  foreach field in array array['day_micros', 'month_micros', 'max_price_micros', 'hour_micros'] loop
    if (p_changes->>field)::numeric not between 0 and 1000000000000 then
      bad := bad || ('/' || field);
    end if;
  end loop;
  if (p_changes->>'reserve_percent')::numeric not between 0 and 100 then
    bad := bad || '/reserve_percent'::text;
  end if;
  if p_changes->>'currency' <> (select f.currency from app.platform_limits f) then
    bad := bad || '/currency'::text;
  end if;
  if length(p_changes->'ramp_lifted'->>'reason') not between 1 and 200 then
    bad := bad || '/ramp_lifted/reason'::text;
  end if;
  if json_typeof(p_changes->'shadow') = 'array' then
    bad := bad || array(select '/shadow/' || (n - 1) from json_array_elements_text(p_changes->'shadow') with ordinality e (layer, n)
                         where e.layer <> all (app.layers()));
  end if;
  if json_typeof(p_changes->'denied_countries') = 'array' then
    bad := bad || array(select '/denied_countries/' || (n - 1)
                          from json_array_elements_text(p_changes->'denied_countries') with ordinality e (country, n)
                         where not exists (select from app.prices p where p.country = e.country));
  end if;
  bad := bad || app.limits_check_countries(p_changes->'countries');
  if cardinality(bad) = 0 then
    return null;
  end if;
  return app.refuse('body_invalid', json_build_object('errors', (
    select json_agg(json_build_object('pointer', b, 'code', 'invalid') order by b) from unnest(bad) b)));
end
$$;

-- The pointers of what is wrong in a list of countries: unknown, twice, or money below zero.
create or replace function app.limits_check_countries(p_countries json) returns text[] language plpgsql stable as $$
begin
  if p_countries is null or json_typeof(p_countries) <> 'array' then
    return array[]::text[];
  end if;
  return array(
    select '/countries/' || (n - 1) || case when (e.value->>'day_micros')::numeric not between 0 and 1000000000000 then '/day_micros' else '/country' end
      from json_array_elements(p_countries) with ordinality e (value, n)
     where not exists (select from app.prices p where p.country = e.value->>'country')
        or (e.value->>'day_micros')::numeric not between 0 and 1000000000000
        or exists (select from json_array_elements(p_countries) with ordinality f (value, m)
                    where f.value->>'country' = e.value->>'country' and f.m < e.n));
end
$$;

-- The pinned store's limits with p_changes: a member that is there takes the place of what was, null means the default again.
create or replace function app.limits_with(p_limits app.tenant_limits, p_changes json) returns app.tenant_limits language plpgsql stable as $$
declare
  changes constant jsonb := p_changes::jsonb;
begin
  p_limits.tenant_id := app.tenant();
  if changes ? 'day_micros' then p_limits.day_micros := changes->>'day_micros'; end if;
  if changes ? 'month_micros' then p_limits.month_micros := changes->>'month_micros'; end if;
  if changes ? 'max_price_micros' then p_limits.max_price_micros := changes->>'max_price_micros'; end if;
  p_limits.reserve_percent := coalesce((changes->>'reserve_percent')::smallint, p_limits.reserve_percent, 20);
  p_limits.shadow := case when changes ? 'shadow' then array(select jsonb_array_elements_text(changes->'shadow')) else coalesce(p_limits.shadow, '{}') end;
  if changes ? 'ramp_lifted' then
    p_limits.ramp_lifted_reason := changes->'ramp_lifted'->>'reason';
    p_limits.ramp_lifted_by := case when p_limits.ramp_lifted_reason is not null then nullif(current_setting('app.key', true), '')::uuid end;
  end if;
  p_limits.version := coalesce(p_limits.version, 1);
  p_limits.updated_at := now();
  return p_limits;
end
$$;

-- The platform reads a store's limits. Returns 200 with the limits and their etag, or not_found.
create or replace function api.limits_read()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  tenant app.tenants;
  limits app.tenant_limits;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  if not found then
    return app.refuse('not_found');
  end if;
  select * into limits from app.tenant_limits l where l.tenant_id = app.tenant();
  return app.ok(200, app.limits_json(limits, tenant.status, tenant.country), coalesce(limits.version, 1)::text);
end
$$;

-- The platform changes the members of a store's limits that p_changes has, if p_if_match is the present etag. countries and shadow are replaced as a whole. Returns 200 with
-- the limits, or not_found, precondition_required, precondition_failed, body_invalid.
create or replace function api.limits_change(p_if_match text, p_changes json)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  tenant app.tenants;
  limits app.tenant_limits;
  refusal api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  if not found then
    return app.refuse('not_found');
  end if;
  if p_if_match is null then
    return app.refuse('precondition_required');
  end if;
  refusal := app.limits_check(p_changes);
  if refusal.code is not null then
    return refusal;
  end if;
  -- the row there is, locked; or a new one with the defaults
  insert into app.tenant_limits (tenant_id) values (app.tenant()) on conflict do nothing;
  select * into limits from app.tenant_limits l where l.tenant_id = app.tenant() for update;
  if p_if_match not in ('"' || limits.version || '"', '*') then
    return app.refuse('precondition_failed');
  end if;
  limits := app.limits_with(limits, p_changes);
  update app.tenant_limits l
     set day_micros = limits.day_micros, month_micros = limits.month_micros, reserve_percent = limits.reserve_percent,
         max_price_micros = limits.max_price_micros, shadow = limits.shadow, ramp_lifted_by = limits.ramp_lifted_by,
         ramp_lifted_reason = limits.ramp_lifted_reason, version = l.version + 1, updated_at = now()
   where l.tenant_id = app.tenant()
  returning * into limits;
  if json_typeof(p_changes->'countries') = 'array' then
    delete from app.country_limits c where c.tenant_id = app.tenant();
    insert into app.country_limits (tenant_id, country, day_micros, stopped)
    select app.tenant(), e->>'country', (e->>'day_micros')::bigint, coalesce((e->>'stopped')::boolean, false)
      from json_array_elements(p_changes->'countries') e;
  end if;
  -- what was said about the old limits is no longer so
  delete from app.stops s where s.key = 'tenant ' || app.tenant() and s.cause = 'money';
  perform app.event('limits_changed', p_detail => p_changes);
  return app.ok(200, app.limits_json(limits, tenant.status, tenant.country), limits.version::text);
end
$$;

-- The JSON of the platform's limits.
create or replace function app.platform_limits_json(p_limits app.platform_limits) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'currency', p_limits.currency, 'hour_micros', p_limits.hour_micros, 'day_micros', p_limits.day_micros,
    'reserve_percent', p_limits.reserve_percent, 'denied_countries', to_json(p_limits.denied_countries),
    'stopped', exists (select from app.stops s where s.key = 'platform' and s.cause = 'switch'),
    'spent', (select json_build_object(
                'hour', coalesce(max(s.hour_micros) filter (where s.hour_start = date_trunc('hour', now(), 'UTC')), 0),
                'day', coalesce(max(s.day_micros) filter (where s.day_start = date_trunc('day', now(), 'UTC')), 0))
                from app.platform_spent s));
end
$$;

-- The platform reads its own limits. Returns 200 with them and their etag.
create or replace function api.platform_limits_read()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  limits app.platform_limits;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into limits from app.platform_limits f;
  return app.ok(200, app.platform_limits_json(limits), limits.version::text);
end
$$;

-- The platform changes the members of its own limits that p_changes has, if p_if_match is the present etag. Returns 200 with the limits, or
-- precondition_required, precondition_failed, body_invalid.
create or replace function api.platform_limits_change(p_if_match text, p_changes json)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  limits app.platform_limits;
  refusal api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if p_if_match is null then
    return app.refuse('precondition_required');
  end if;
  refusal := app.limits_check(p_changes);
  if refusal.code is not null then
    return refusal;
  end if;
  update app.platform_limits f
     set hour_micros = coalesce((p_changes->>'hour_micros')::bigint, f.hour_micros),
         day_micros = coalesce((p_changes->>'day_micros')::bigint, f.day_micros),
         reserve_percent = coalesce((p_changes->>'reserve_percent')::smallint, f.reserve_percent),
         denied_countries = case when p_changes->'denied_countries' is null then f.denied_countries
                                 else app.strings(p_changes->'denied_countries') end,
         version = f.version + 1, updated_at = now()
   where p_if_match in ('"' || f.version || '"', '*')
  returning * into limits;
  if not found then
    return app.refuse('precondition_failed');
  end if;
  perform app.platform_deal(limits.hour_micros, limits.day_micros);
  delete from app.stops s where s.key = 'platform' and s.cause = 'money';
  return app.ok(200, app.platform_limits_json(limits), limits.version::text);
end
$$;
