-- What was sent and spent, by day.

-- The days of a month of the pinned store by country, purpose and outcome: what is rolled up, and younger texts as they are. One select, so that it
-- becomes part of the caller's.
create or replace function app.usage_days(p_tenant_id uuid, p_from date, p_to date)
returns table (day date, country text, purpose text, outcome text, sends bigint, verified bigint, micros bigint) language sql stable as $$
  select x.day, x.country, x.purpose, x.outcome, sum(x.sends)::bigint, sum(x.verified)::bigint, sum(x.micros)::bigint
    from (select u.day, u.country::text, u.purpose, u.outcome, u.sends, u.verified, u.micros
            from app.usage u
           where u.tenant_id = p_tenant_id and u.day >= p_from and u.day < p_to
          union all
          select (s.created_at at time zone 'utc')::date, s.country, coalesce(s.purpose, c.purpose), app.outcome(s.state), 1,
                 (c.state = 'used' and c.send_id = s.send_id)::integer, s.price_micros
            from app.sends s
            join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
           where s.tenant_id = p_tenant_id and s.mode = 'live'
             and s.created_at >= greatest(p_from::timestamp at time zone 'utc', (select r.up_to from app.roll_ups r where r.name = 'usage'))
             and s.created_at < p_to::timestamp at time zone 'utc') x
   group by 1, 2, 3, 4
$$;

-- How a text ended, in the words of the usage.
create or replace function app.outcome(p_state text) returns text language sql immutable
return case when p_state in ('delivered', 'undelivered', 'unknown') then p_state
            when p_state in ('failed', 'refused', 'expired') then 'failed' else 'pending' end;

-- The first day of month p_month (YYYY-MM); null: of the present one. Null when there is no such month, or it has not begun.
create or replace function app.month_start(p_month text) returns date language sql stable
return case when p_month is null then date_trunc('month', now() at time zone 'utc')::date
            when p_month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$' and (p_month || '-01')::date <= (now() at time zone 'utc')::date
            then (p_month || '-01')::date end;

-- The totals of some days, as JSON.
create or replace function app.usage_total(p_sends bigint, p_delivered bigint, p_verified bigint, p_micros bigint) returns json language plpgsql immutable as $$
begin
  return json_build_object('sends', coalesce(p_sends, 0), 'delivered', coalesce(p_delivered, 0), 'verified', coalesce(p_verified, 0),
                           'micros', coalesce(p_micros, 0),
                           'micros_per_sign_in', case when p_verified > 0 then round(p_micros::numeric / p_verified)::bigint end);
end
$$;

-- The platform reads what a store sent and spent in a month. Returns 200 with {month, currency, total, days}, or not_found, or body_invalid at ?month.
create or replace function api.usage_read(p_month text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  first constant date := app.month_start(p_month);
  usage json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  if first is null then
    return app.refuse_field('body_invalid', '?month');
  end if;
  select json_build_object(
           'month', to_char(first, 'YYYY-MM'), 'currency', (select f.currency from app.platform_limits f),
           'total', app.usage_total(sum(d.sends)::bigint, sum(d.sends) filter (where d.outcome = 'delivered')::bigint,
                                    sum(d.verified)::bigint, sum(d.micros)::bigint),
           'days', coalesce(json_agg(json_build_object('day', d.day, 'country', d.country, 'purpose', d.purpose, 'outcome', d.outcome,
                                                       'sends', d.sends, 'verified', d.verified, 'micros', d.micros)
                                     order by d.day, d.country, d.purpose, d.outcome), '[]'::json))
    into usage
    from app.usage_days(app.tenant(), first, (first + interval '1 month')::date) d;
  return app.ok(200, usage);
end
$$;

-- The same for charge-back, as CSV (RFC 4180, with a header line). Returns 200 with {csv}, or as usage_read.
create or replace function api.usage_csv(p_month text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  first constant date := app.month_start(p_month);
  lines text;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  if first is null then
    return app.refuse_field('body_invalid', '?month');
  end if;
  -- no field can hold a comma, a quote or a formula: dates, country codes, words of ours, numbers
  select string_agg(concat_ws(',', d.day, d.country, d.purpose, d.outcome, d.sends, d.verified, d.micros, f.currency) || E'\r\n', ''
                    order by d.day, d.country, d.purpose, d.outcome)
    into lines
    from app.usage_days(app.tenant(), first, (first + interval '1 month')::date) d
    cross join app.platform_limits f;
  return app.ok(200, json_build_object('csv', E'day,country,purpose,outcome,sends,verified,micros,currency\r\n' || coalesce(lines, '')));
end
$$;
