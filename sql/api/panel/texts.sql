-- The owner's page of text messages.

-- The owner reads what was sent, delivered, verified and spent in a month, against the limits, and the last 50 texts. Returns 200, or owner_required, or body_invalid
-- at ?month.
create or replace function api.texts_read(p_month text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  first constant date := app.month_start(p_month);
  tenant app.tenants;
  limits app.tenant_limits;
  spending json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not exists (select from app.sessions s
                  where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash() and s.role = 'owner') then
    return app.refuse('owner_required');
  end if;
  if first is null then
    return app.refuse_field('body_invalid', '?month');
  end if;
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  select * into limits from app.tenant_limits l where l.tenant_id = app.tenant();
  spending := app.limits_json(limits, tenant.status, tenant.country);
  return app.ok(200, (app.texts_picture(first)::jsonb || jsonb_build_object(
    'month', to_char(first, 'YYYY-MM'), 'currency', spending->'currency',
    'limits', jsonb_build_object('day_micros', spending->'day_micros', 'month_micros', spending->'month_micros'),
    'spent', spending->'spent',
    'sends', app.texts_last()))::json);
end
$$;

-- The month that begins on p_first by day, by country and by outcome.
create or replace function app.texts_picture(p_first date) returns json language plpgsql stable as $$
begin
  return (
    with d as materialized (
      select * from app.usage_days(app.tenant(), p_first, (p_first + interval '1 month')::date)
    )
    select json_build_object(
      'total', (select app.usage_total(sum(d.sends)::bigint, sum(d.sends) filter (where d.outcome = 'delivered')::bigint,
                                       sum(d.verified)::bigint, sum(d.micros)::bigint) from d),
      'days', (select coalesce(json_agg(x order by x.day), '[]'::json) from (
                 select d.day, sum(d.sends)::bigint as sends, coalesce(sum(d.sends) filter (where d.outcome = 'delivered'), 0)::bigint as delivered,
                        sum(d.verified)::bigint as verified, sum(d.micros)::bigint as micros from d group by d.day) x),
      'countries', (select coalesce(json_agg(x order by x.micros desc, x.country), '[]'::json) from (
                 select d.country, sum(d.sends)::bigint as sends, coalesce(sum(d.sends) filter (where d.outcome = 'delivered'), 0)::bigint as delivered,
                        sum(d.verified)::bigint as verified, sum(d.micros)::bigint as micros from d group by d.country) x),
      'outcomes', (select coalesce(json_agg(x order by x.sends desc, x.outcome), '[]'::json) from (
                 select d.outcome, sum(d.sends)::bigint as sends, sum(d.micros)::bigint as micros from d group by d.outcome) x)));
end
$$;

-- The last 50 texts of the pinned store; ids sort by time. Numbers masked.
create or replace function app.texts_last() returns json language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'id', app.typeid('send', s.send_id), 'at', app.time(s.created_at), 'user', u.name, 'to', c.hint, 'country', s.country,
             'purpose', c.purpose, 'state', s.state, 'reason', s.reason, 'verified', c.state = 'used' and c.send_id = s.send_id,
             'micros', s.price_micros, 'money_state', s.money_state, 'mode', s.mode) order by s.send_id desc), '[]'::json)
      from (select * from app.sends x where x.tenant_id = app.tenant() order by x.send_id desc limit 50) s
      join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
      join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id);
end
$$;
