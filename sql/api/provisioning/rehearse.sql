-- The rehearsal of limits: what they would have done to the last 30 days.

-- The platform asks what p_changes (as in limits_change) would have done to a store's last 30 days. Returns 200 with {days, sends, good, bad, refused, saved_micros,
-- by_layer}, or not_found, body_invalid. A text is good when its code was answered. Lane: slow.
create or replace function api.limits_rehearse(p_changes json)
returns api.reply language plpgsql security definer set search_path = '' set work_mem = '64MB' as $$
declare
  reply api.reply;
  tenant app.tenants;
  limits app.tenant_limits;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('limits_rehearse');
  if reply.replayed is not null then
    return reply;
  end if;
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  if not found then
    return app.idem_end('limits_rehearse', app.refuse('not_found'));
  end if;
  reply := app.limits_check(p_changes);
  if reply.code is not null then
    return app.idem_end('limits_rehearse', reply);
  end if;
  select * into limits from app.tenant_limits l where l.tenant_id = app.tenant();
  return app.idem_end('limits_rehearse', app.ok(200,
    app.rehearsal_json(app.rehearse(tenant, app.limits_with(limits, p_changes), p_changes->'countries'))));
end
$$;

-- What a rehearsal counted (see app.rehearse) as JSON: layers and reasons by the words that refusals have.
create or replace function app.rehearsal_json(p_counted bigint[]) returns json language plpgsql immutable as $$
begin
  return (
    with layers as (
      select l.layer, l.reason, l.n, p_counted[l.n][1] as good, p_counted[l.n][2] as bad, p_counted[l.n][3] as micros, p_counted[l.n][4] as refused
        from unnest(array['stop', 'price', 'ramp', 'money', 'money', 'money', 'money', 'passed'],
                    array['tenant_country', 'max_price', 'ramp', 'hour', 'day', 'month', 'country_day']) with ordinality as l (layer, reason, n)
    )
    select json_build_object(
      'days', 30, 'sends', sum(good + bad),
      'good', json_build_object('total', sum(good), 'blocked', sum(good) filter (where layer <> 'passed')),
      'bad', json_build_object('total', sum(bad), 'blocked', sum(bad) filter (where layer <> 'passed')),
      'refused', json_build_object('total', sum(refused), 'let_through', sum(refused) filter (where layer = 'passed')),
      'saved_micros', sum(micros) filter (where layer <> 'passed'),
      'by_layer', coalesce(json_agg(json_build_object('layer', layer, 'reason', reason, 'good_blocked', good, 'bad_blocked', bad, 'saved_micros', micros) order by n)
                           filter (where layer <> 'passed' and good + bad > 0), '[]'::json))
      from layers);
end
$$;

-- The texts of the last 30 days, in order, each with the rules that do not depend on the others: hour, day and month as numbers, the country's cap and its number in
-- p_countries (0: not there), the ramp of its time. sent is false for one that a limit refused which may be another now; what would be refused for its own sake is left out.
create or replace function app.rehearsal_texts(p_tenant app.tenants, p_limits app.tenant_limits, p_countries json)
returns table (hour bigint, day bigint, month integer, country text, country_n integer, country_most bigint, stopped boolean, ramp integer,
               purpose text, micros bigint, good boolean, sent boolean)
language sql stable as $$
  select extract(epoch from x.at)::bigint / 3600, extract(epoch from x.at)::bigint / 86400, extract(month from x.at at time zone 'utc')::integer,
         x.country, coalesce(r.n, 0)::integer, coalesce((r.value->>'day_micros')::bigint, 9000000000000000),
         coalesce((r.value->>'stopped')::boolean, false),
         case when p_limits.ramp_lifted_reason is not null or x.at >= p_tenant.created_at + interval '14 days' then 2147483647
              when x.at < p_tenant.created_at + interval '3 days' then 20 else 200 end,
         x.purpose, x.micros, x.good, x.sent
    from (select s.created_at as at, s.country::text, s.purpose, s.price_micros as micros, c.state = 'used' as good, true as sent
            from app.sends s
            join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
           where s.tenant_id = p_tenant.tenant_id and s.created_at > now() - interval '30 days' and s.mode = 'live'
          union all
          select e.at, e.detail->>'country', e.detail->>'purpose', coalesce((e.detail->>'micros')::bigint, 0), false, false
            from app.events e
           where e.tenant_id = p_tenant.tenant_id and e.at > now() - interval '30 days' and e.kind = 'send_refused'
             and e.detail->>'code' in ('limit_money', 'limit_ramp', 'price_too_high')) x
    left join json_array_elements(p_countries) with ordinality r (value, n) on r.value->>'country' = x.country
   order by x.at
$$;

-- Replays the last 30 days against p_limits, text by text in one pass, because a text that would have been blocked would have used nothing. p_countries: the proposed
-- list, null: the present one. Returns rows {good, bad, micros, refused} for stop, price, ramp, money of hour, day, month, country and day, and for what passed.
create or replace function app.rehearse(p_tenant app.tenants, p_limits app.tenant_limits, p_countries json) returns bigint[] language plpgsql stable as $$
declare
  day_most constant bigint := coalesce(p_limits.day_micros, app.day_default(p_tenant.status));
  month_most constant bigint := coalesce(p_limits.month_micros, 20 * day_most);
  price_most constant bigint := case when 'price' = any (p_limits.shadow) then 9000000000000000 else coalesce(p_limits.max_price_micros, 100000) end;
  free constant boolean := 'money' = any (p_limits.shadow);
  countries constant json := coalesce(p_countries, (
    select json_agg(json_build_object('country', c.country, 'day_micros', c.day_micros, 'stopped', c.stopped))
      from app.country_limits c where c.tenant_id = p_tenant.tenant_id), '[]'::json);
  counted bigint[] := array_fill(0::bigint, array[8, 4]);
  country_spent bigint[] := array_fill(0::bigint, array[1 + json_array_length(countries)]);
  hour bigint := 0;
  day bigint := 0;
  month integer := 0;
  hour_spent bigint := 0;
  day_spent bigint := 0;
  month_spent bigint := 0;
  day_sends integer := 0;
  share integer;
  layer integer;
  s record;
begin
  for s in select * from app.rehearsal_texts(p_tenant, p_limits, countries) loop
    if s.hour <> hour then
      hour := s.hour; hour_spent := 0;
      if s.day <> day then
        day := s.day; day_spent := 0; day_sends := 0; country_spent := array_fill(0::bigint, array[1 + json_array_length(countries)]);
      end if;
      if s.month <> month then
        month := s.month; month_spent := 0;
      end if;
    end if;
    share := case when s.purpose = 'phone_set_up' then 100 - p_limits.reserve_percent else 100 end;
    layer := case
      when s.stopped then 1
      when s.micros > price_most and (p_limits.max_price_micros is not null or s.country <> p_tenant.country) then 2
      when day_sends >= s.ramp then 3
      when free then 8
      when hour_spent + s.micros > day_most / 4 * share / 100 then 4
      when day_spent + s.micros > day_most * share / 100 then 5
      when month_spent + s.micros > month_most * share / 100 then 6
      when country_spent[1 + s.country_n] + s.micros > s.country_most then 7
      else 8 end;
    if layer = 8 then
      hour_spent := hour_spent + s.micros; day_spent := day_spent + s.micros; month_spent := month_spent + s.micros;
      day_sends := day_sends + 1;
      country_spent[1 + s.country_n] := country_spent[1 + s.country_n] + s.micros;
    end if;
    if not s.sent then
      counted[layer][4] := counted[layer][4] + 1;
    else
      counted[layer][2 - s.good::integer] := counted[layer][2 - s.good::integer] + 1;
      counted[layer][3] := counted[layer][3] + s.micros;
    end if;
  end loop;
  return counted;
end
$$;
