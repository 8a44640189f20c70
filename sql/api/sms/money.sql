-- The money of a text: taken from every budget before the text exists (spend_…), and put right when more is known (money_change).
--
-- A budget is a row of app.spent (hour, day and month of a store), app.spent_countries (its day in a country) or app.platform_spent. A window turns in the statement that
-- uses it. What a text costs counts in the windows that it was asked for in (sends.created_at), however late its price is known; a closed
-- window has no counter. So for each open window: counter = sum of the ledger lines of the texts that were asked for in it (app.money_check).

-- A counter is a window ahead of this transaction: it began before the window turned and reaches the row after one that began later. Decided again, it is in the new one.
create or replace function app.window_turned(p_start timestamptz, p_mine timestamptz) returns void language plpgsql as $$
begin
  if p_start > p_mine then
    raise exception 'the window turned meanwhile' using errcode = 'serialization_failure';
  end if;
end
$$;

-- One text of p_micros in the store's day in its country: layer country_day refuses here. Returns whether there was money for it; if not, nothing is
-- counted, and the caller refuses at the place of layer money.
create or replace function app.spend_country(p_phone app.phones, p_rules app.rules, p_micros bigint) returns boolean language plpgsql as $$
declare
  day constant timestamptz := date_trunc('day', now(), 'UTC');
  most_sends constant integer := greatest(20, 3 * p_rules.usual);
  most_micros constant bigint := coalesce(p_rules.country_micros, 9000000000000000);
  free_sends constant boolean := 'country_day' = any (p_rules.shadow);
  free_micros constant boolean := 'money' = any (p_rules.shadow);
  c record;
  met record;
begin
  insert into app.spent_countries as s (tenant_id, country, day_start, micros, sends)
  select p_phone.tenant_id, p_phone.country, day, p_micros, 1 where p_micros <= most_micros or free_micros
  on conflict on constraint spent_countries_pk do update
    set day_start = day,
        micros = case when s.day_start = day then s.micros else 0 end + p_micros,
        sends = case when s.day_start = day then s.sends else 0 end + 1
    where s.day_start < day
       or (s.day_start = day and (free_sends or s.sends < most_sends) and (free_micros or s.micros + p_micros <= most_micros))
  returning s.micros, s.sends into c;
  if not found then
    select s.day_start, s.sends into met from app.spent_countries s where s.tenant_id = p_phone.tenant_id and s.country = p_phone.country;
    perform app.window_turned(met.day_start, day);
    if not free_sends and met.day_start = day and met.sends >= most_sends then
      perform app.hit(p_rules, 'country_day', 'limit_country', 'country_day', app.seconds_until(day + interval '1 day'));
    end if;
    return false;
  end if;
  if c.sends > most_sends then
    perform app.hit(p_rules, 'country_day', 'limit_country', 'country_day', app.seconds_until(day + interval '1 day'));
  end if;
  if c.micros > most_micros then
    perform app.hit(p_rules, 'money', 'limit_money', 'country_day', app.seconds_until(day + interval '1 day'));
  end if;
  return true;
end
$$;

-- One text of p_micros in the store's hour, day and month, by a rule of p_share percent of each: layers ramp and money.
create or replace function app.spend_store(p_tenant_id uuid, p_rules app.rules, p_micros bigint, p_share integer) returns void language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', now(), 'UTC');
  month constant timestamptz := date_trunc('month', now(), 'UTC');
  hour_most constant bigint := p_rules.day_micros / 4 * p_share / 100;
  day_most constant bigint := p_rules.day_micros * p_share / 100;
  month_most constant bigint := p_rules.month_micros * p_share / 100;
  ramp constant integer := coalesce(p_rules.ramp_sends, 2147483647);
  free_ramp constant boolean := 'ramp' = any (p_rules.shadow);
  free constant boolean := 'money' = any (p_rules.shadow);
begin
  insert into app.spent as s (tenant_id, hour_start, hour_micros, day_start, day_micros, day_sends, month_start, month_micros)
  select p_tenant_id, hour, p_micros, day, p_micros, 1, month, p_micros where free or p_micros <= least(hour_most, day_most, month_most)
  on conflict on constraint spent_pk do update
    set hour_start = hour, hour_micros = case when s.hour_start = hour then s.hour_micros else 0 end + p_micros,
        day_start = day, day_micros = case when s.day_start = day then s.day_micros else 0 end + p_micros,
        day_sends = case when s.day_start = day then s.day_sends else 0 end + 1,
        month_start = month, month_micros = case when s.month_start = month then s.month_micros else 0 end + p_micros
    where s.hour_start <= hour
      and (free_ramp or s.day_start < day or s.day_sends < ramp)
      and (free or (case when s.hour_start = hour then s.hour_micros else 0 end + p_micros <= hour_most
                    and case when s.day_start = day then s.day_micros else 0 end + p_micros <= day_most
                    and case when s.month_start = month then s.month_micros else 0 end + p_micros <= month_most));
  if found and not free and not free_ramp then
    return;
  end if;
  perform app.spend_store_hit(p_tenant_id, p_rules, case when found then 0 else p_micros end, p_share, found);
end
$$;

-- Says which rule app.spend_store met: when it refused, with p_micros not counted yet; or in shadow, with the text counted already.
create or replace function app.spend_store_hit(p_tenant_id uuid, p_rules app.rules, p_micros bigint, p_share integer, p_counted boolean) returns void
language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  s record;
  span text;
begin
  select case when x.hour_start = hour then x.hour_micros else 0 end + p_micros as hour_micros,
         case when x.day_start = date_trunc('day', hour, 'UTC') then x.day_micros else 0 end + p_micros as day_micros,
         case when x.month_start = date_trunc('month', hour, 'UTC') then x.month_micros else 0 end + p_micros as month_micros,
         case when x.day_start = date_trunc('day', hour, 'UTC') then x.day_sends else 0 end + (not p_counted)::integer as day_sends,
         x.hour_start
    into s
    from (select) one left join app.spent x on x.tenant_id = p_tenant_id;
  perform app.window_turned(s.hour_start, hour);
  if s.day_sends > p_rules.ramp_sends then
    perform app.hit(p_rules, 'ramp', 'limit_ramp', 'ramp', app.seconds_until(date_trunc('day', hour, 'UTC') + interval '1 day'));
  end if;
  -- the longest window that is used up decides when texts return; what only the reserve stands against is called so
  span := case
    when s.month_micros > p_rules.month_micros * p_share / 100 then 'month'
    when s.day_micros > p_rules.day_micros * p_share / 100 then 'day'
    when s.hour_micros > p_rules.day_micros / 4 * p_share / 100 then 'hour' end;
  if span is not null then
    perform app.hit(p_rules, 'money', 'limit_money',
      case when s.month_micros <= p_rules.month_micros and s.day_micros <= p_rules.day_micros and s.hour_micros <= p_rules.day_micros / 4
           then 'reserve' else span end,
      app.seconds_until(app.next_start(span)));
  end if;
end
$$;

-- When the hour, day or month under way ends.
create or replace function app.next_start(p_span text) returns timestamptz language sql stable
return date_trunc(p_span, date_trunc(p_span, now(), 'UTC') + ('1 ' || p_span)::interval, 'UTC');

-- One text of p_micros in the platform's hour and day: layer platform_money, and the last lock that a text takes.
create or replace function app.spend_platform(p_rules app.rules, p_micros bigint, p_purpose text) returns void language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', now(), 'UTC');
  share constant integer := case p_purpose when 'phone_set_up' then 100 - p_rules.platform_reserve_percent else 100 end;
  hour_most constant bigint := p_rules.platform_hour_micros * share / 100;
  day_most constant bigint := p_rules.platform_day_micros * share / 100;
  s record;
  span text;
begin
  insert into app.platform_spent as p (hour_start, hour_micros, day_start, day_micros)
  select hour, p_micros, day, p_micros where p_micros <= least(hour_most, day_most)
  on conflict on constraint platform_spent_pk do update
    set hour_start = hour, hour_micros = case when p.hour_start = hour then p.hour_micros else 0 end + p_micros,
        day_start = day, day_micros = case when p.day_start = day then p.day_micros else 0 end + p_micros
    where p.hour_start <= hour
      and case when p.hour_start = hour then p.hour_micros else 0 end + p_micros <= hour_most
      and case when p.day_start = day then p.day_micros else 0 end + p_micros <= day_most;
  if found then
    return;
  end if;
  select x.hour_start, case when x.hour_start = hour then x.hour_micros else 0 end + p_micros as hour_micros,
         case when x.day_start = day then x.day_micros else 0 end + p_micros as day_micros
    into s from (select) one left join app.platform_spent x on x.key = 'platform';
  perform app.window_turned(s.hour_start, hour);
  span := case when s.day_micros > day_most then 'day' else 'hour' end;
  perform app.hit(p_rules, 'platform_money', 'platform_money',
    case when s.day_micros <= p_rules.platform_day_micros and s.hour_micros <= p_rules.platform_hour_micros then 'reserve' else span end,
    app.seconds_until(app.next_start(span)));
end
$$;

-- Every layer that counts, for one text of p_micros to p_phone. A test session's text costs nothing and passes the layers of how often only.
create or replace function app.spend_limits(p_phone app.phones, p_rules app.rules, p_purpose text, p_micros bigint) returns void language plpgsql as $$
declare
  affordable boolean;
  share constant integer := case p_purpose when 'phone_set_up' then 100 - p_rules.reserve_percent else 100 end;
begin
  perform app.spend_velocity(p_phone, p_rules);
  if current_setting('app.mode', true) <> 'live' then
    return;
  end if;
  affordable := app.spend_country(p_phone, p_rules, p_micros);
  perform app.breaker_pass(p_phone, p_rules);
  if not affordable then
    perform app.spend_store_hit(p_phone.tenant_id, p_rules, 0, 100, false);  -- the ramp comes before money
    perform app.hit(p_rules, 'money', 'limit_money', 'country_day', app.seconds_until(app.next_start('day')));
  end if;
  perform app.spend_store(p_phone.tenant_id, p_rules, p_micros, share);
  perform app.spend_platform(p_rules, p_micros, p_purpose);
end
$$;

-- One line for the ledger of the pinned tenant, about a text.
create or replace function app.ledger_add(p_tenant_id uuid, p_send_id uuid, p_step integer, p_kind text, p_micros bigint, p_country text, p_purpose text)
returns void language plpgsql as $$
begin
  insert into app.ledger_entries (tenant_id, send_id, step, at, kind, micros, country, purpose)
  values (p_tenant_id, p_send_id, p_step, date_trunc('milliseconds', now()), p_kind, p_micros, p_country, p_purpose);
end
$$;

-- From now on the text costs p_micros: its row, the open windows that it counts in, and the ledger, together. p_kind null: settled the first time,
-- refunded when it gets cheaper later, else settled again. Returns 204, or not_found, or gone: it is a test, or it is so already.
create or replace function app.money_change(p_tenant_id uuid, p_send_id uuid, p_micros bigint, p_kind text default null) returns text language plpgsql as $$
declare
  s record;
  changed bigint;
begin
  select x.price_micros, x.money_state, x.money_steps, x.country, x.purpose, x.created_at into s
    from app.sends x where x.tenant_id = p_tenant_id and x.send_id = p_send_id for no key update;
  if s.money_state is null or (s.money_state <> 'reserved' and s.price_micros = p_micros) then
    return 'gone';
  end if;
  changed := p_micros - s.price_micros;
  update app.sends x
     set price_micros = p_micros, money_steps = x.money_steps + 1, price_due_at = null,
         money_state = coalesce(p_kind, case when s.money_state <> 'reserved' and changed < 0 then 'refunded' else 'settled' end)
   where x.tenant_id = p_tenant_id and x.send_id = p_send_id
  returning x.money_state, x.money_steps into s.money_state, s.money_steps;
  perform app.ledger_add(p_tenant_id, p_send_id, s.money_steps, s.money_state, changed, s.country, s.purpose);
  if changed <> 0 or p_kind = 'released' then
    perform app.money_counters(p_tenant_id, s.country, s.created_at, changed, (p_kind is not distinct from 'released')::integer);
  end if;
  return null;
end
$$;

-- Puts the open windows right that a text of p_asked_at counts in: by p_change, and p_unsent texts fewer.
create or replace function app.money_counters(p_tenant_id uuid, p_country text, p_asked_at timestamptz, p_change bigint, p_unsent integer) returns void
language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', p_asked_at, 'UTC');
  day constant timestamptz := date_trunc('day', p_asked_at, 'UTC');
  month constant timestamptz := date_trunc('month', p_asked_at, 'UTC');
begin
  update app.spent_countries s set micros = s.micros + p_change, sends = s.sends - p_unsent
   where s.tenant_id = p_tenant_id and s.country = p_country and s.day_start = day;
  update app.spent s
     set hour_micros = s.hour_micros + case when s.hour_start = hour then p_change else 0 end,
         day_micros = s.day_micros + case when s.day_start = day then p_change else 0 end,
         day_sends = s.day_sends - case when s.day_start = day then p_unsent else 0 end,
         month_micros = s.month_micros + case when s.month_start = month then p_change else 0 end
   where s.tenant_id = p_tenant_id and s.month_start = month;
  if p_change <> 0 then
    update app.platform_spent s
       set hour_micros = s.hour_micros + case when s.hour_start = hour then p_change else 0 end,
           day_micros = s.day_micros + case when s.day_start = day then p_change else 0 end
     where s.key = 'platform' and s.day_start = day;
  end if;
end
$$;

-- The sender tells what a text really cost, all segments together; p_price_micros null: not known yet, asked again later. Commits alone. Returns 204
-- (also when it was so already), or not_found.
create or replace function api.send_settle(p_send_id uuid, p_price_micros bigint, p_segments bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  if not exists (select from app.sends s where s.tenant_id = app.tenant() and s.send_id = p_send_id) then
    return app.refuse('not_found');
  end if;
  if p_segments between 1 and 100 then
    update app.sends s set segments = p_segments
     where s.tenant_id = app.tenant() and s.send_id = p_send_id and s.segments <> p_segments;
  end if;
  if p_price_micros >= 0 then
    perform app.money_change(app.tenant(), p_send_id, p_price_micros);
  end if;
  return app.ok(204);
end
$$;

-- Where a counter of the pinned store is not the sum of the ledger lines of the texts that were asked for in its window (I7): no rows when all is well. Lines that wait to be
-- chained count like the others.
create or replace function app.money_check() returns table (counter text, counted bigint, ledger bigint) language plpgsql stable as $$
begin
  return query
    with lines as (
      select l.send_id, l.micros from app.ledger l where l.tenant_id = app.tenant()
      union all
      select e.send_id, e.micros from app.ledger_entries e where e.tenant_id = app.tenant()
    ), texts as (
      select s.created_at as at, s.country::text as country, x.micros
        from app.sends s join (select l.send_id, sum(l.micros)::bigint as micros from lines l group by 1) x on x.send_id = s.send_id
       where s.tenant_id = app.tenant()
    ), counters as (
      select 'hour' as counter, null::text as country, p.hour_start as start, interval '1 hour' as span, p.hour_micros as micros
        from app.spent p where p.tenant_id = app.tenant()
      union all select 'day', null, p.day_start, '1 day', p.day_micros from app.spent p where p.tenant_id = app.tenant()
      union all select 'month', null, p.month_start, '1 month', p.month_micros from app.spent p where p.tenant_id = app.tenant()
      union all select 'country ' || p.country, p.country, p.day_start, '1 day', p.micros from app.spent_countries p where p.tenant_id = app.tenant()
    )
    select c.counter, c.micros, coalesce(sum(t.micros), 0)::bigint
      from counters c
      left join texts t on t.at >= c.start and t.at < c.start + c.span and (c.country is null or c.country = t.country)
     group by c.counter, c.country, c.start, c.micros
    having c.micros <> coalesce(sum(t.micros), 0);
end
$$;
