-- The money of a text: taken from every budget before the text exists (spend_…), and put right when more is known (money_change).
--
-- A budget is a row of app.spent (hour, day and month of a store), app.spent_countries (its day in a country) or app.platform_slots (hour and day of the
-- platform). A window turns in the statement that uses it. What a text costs counts in the windows that it was asked for in (sends.created_at), however late
-- its price is known; a closed window has no counter. So for each open window: counter = sum of the ledger lines of the texts that were asked for in it (app.money_check).

-- A counter is a window ahead of this transaction: it began before the window turned and reaches the row after one that began later. Decided again, it is in
-- the new one.
create or replace function app.window_turned(p_start timestamptz, p_mine timestamptz) returns void language plpgsql as $$
begin
  if p_start > p_mine then
    raise exception 'the window turned meanwhile' using errcode = 'serialization_failure';
  end if;
end
$$;

-- One text of p_micros in the store's day in a country, if neither texts nor money get more than the most. Says whether it is counted.
create or replace function app.spend_country(p_tenant_id uuid, p_country text, p_micros bigint, p_most_sends integer, p_most_micros bigint)
returns boolean language plpgsql as $$
declare
  day constant timestamptz := date_trunc('day', now(), 'UTC');
begin
  insert into app.spent_countries as s (tenant_id, country, day_start, micros, sends)
  select p_tenant_id, p_country, day, p_micros, 1 where p_micros <= p_most_micros
  on conflict on constraint spent_countries_pk do update
    set day_start = day,
        micros = case when s.day_start = day then s.micros else 0 end + p_micros,
        sends = case when s.day_start = day then s.sends else 0 end + 1
    where s.day_start < day or (s.day_start = day and s.sends < p_most_sends and s.micros + p_micros <= p_most_micros);
  return found;
end
$$;

-- What app.spend_country met: layer country_day refuses here. p_counted: it is counted, and only shadow let it. Returns whether there is money for it; if not,
-- the caller refuses at the place of layer money.
create or replace function app.spend_country_hit(p_phone app.phones, p_rules app.rules, p_counted boolean) returns boolean language plpgsql as $$
declare
  day constant timestamptz := date_trunc('day', now(), 'UTC');
  wait constant integer := app.seconds_until(day + interval '1 day');
  met record;
begin
  select s.day_start, s.sends, s.micros into met
    from app.spent_countries s where s.tenant_id = p_phone.tenant_id and s.country = p_phone.country;
  perform app.window_turned(met.day_start, day);
  if met.day_start = day and met.sends + (not p_counted)::integer > greatest(20, 3 * p_rules.usual) then
    perform app.hit(p_rules.shadow, 'country_day', 'limit_country', 'country_day', wait);
  end if;
  if p_counted and met.micros > p_rules.country_micros then
    perform app.hit(p_rules.shadow, 'money', 'limit_money', 'country_day', wait);
  end if;
  return p_counted;
end
$$;

-- One text of p_micros in the store's hour, day and month, if none gets more than its most, nor the day more than p_ramp texts. Says whether it is counted.
create or replace function app.spend_store(p_tenant_id uuid, p_micros bigint, p_ramp integer, p_hour_most bigint, p_day_most bigint, p_month_most bigint)
returns boolean language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', hour, 'UTC');
  month constant timestamptz := date_trunc('month', hour, 'UTC');
begin
  insert into app.spent as s (tenant_id, hour_start, hour_micros, day_start, day_micros, day_sends, month_start, month_micros)
  select p_tenant_id, hour, p_micros, day, p_micros, 1, month, p_micros where p_micros <= least(p_hour_most, p_day_most, p_month_most)
  on conflict on constraint spent_pk do update
    set hour_start = hour, hour_micros = case when s.hour_start = hour then s.hour_micros else 0 end + p_micros,
        day_start = day, day_micros = case when s.day_start = day then s.day_micros else 0 end + p_micros,
        day_sends = case when s.day_start = day then s.day_sends else 0 end + 1,
        month_start = month, month_micros = case when s.month_start = month then s.month_micros else 0 end + p_micros
    where s.hour_start <= hour
      and (s.day_start < day or s.day_sends < p_ramp)
      and case when s.hour_start = hour then s.hour_micros else 0 end + p_micros <= p_hour_most
      and case when s.day_start = day then s.day_micros else 0 end + p_micros <= p_day_most
      and case when s.month_start = month then s.month_micros else 0 end + p_micros <= p_month_most;
  return found;
end
$$;

-- What app.spend_store met: layers ramp and money refuse here. p_micros: what is not counted yet; p_counted: all is, and only shadow let it.
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
    perform app.hit(p_rules.shadow, 'ramp', 'limit_ramp', 'ramp', app.seconds_until(date_trunc('day', hour, 'UTC') + interval '1 day'));
  end if;
  -- the longest window that is used up decides when texts return; what only the reserve stands against is called so
  span := case
    when s.month_micros > p_rules.month_micros * p_share / 100 then 'month'
    when s.day_micros > p_rules.day_micros * p_share / 100 then 'day'
    when s.hour_micros > p_rules.day_micros / 4 * p_share / 100 then 'hour' end;
  if span is not null then
    perform app.hit(p_rules.shadow, 'money', 'limit_money',
      case when s.month_micros <= p_rules.month_micros and s.day_micros <= p_rules.day_micros and s.hour_micros <= p_rules.day_micros / 4
           then 'reserve' else span end,
      app.seconds_until(app.next_start(span)));
  end if;
end
$$;

-- When the hour, day or month under way ends.
create or replace function app.next_start(p_span text) returns timestamptz language sql stable
return date_trunc(p_span, date_trunc(p_span, now(), 'UTC') + ('1 ' || p_span)::interval, 'UTC');

-- Which of the eight parts of the platform's budget a text counts in.
create or replace function app.platform_slot(p_send_id uuid) returns smallint language sql immutable
return (get_byte(uuid_send(p_send_id), 15) & 7)::smallint;

-- One text of p_micros in the platform's hour and day, taken from its slot's share of them. Says whether it is counted; if not, app.spend_platform_all looks at the
-- budget as a whole.
create or replace function app.spend_platform(p_send_id uuid, p_micros bigint, p_hour_cap bigint, p_day_cap bigint) returns boolean language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', hour, 'UTC');
begin
  begin
    update app.platform_slots p
       set hour_start = hour, hour_cap = p_hour_cap,
           hour_most = case when p.hour_start = hour then p.hour_most else p_hour_cap / 8 end,
           hour_micros = case when p.hour_start = hour then p.hour_micros else 0 end + p_micros,
           day_start = day, day_cap = p_day_cap,
           day_most = case when p.day_start = day then p.day_most else p_day_cap / 8 end,
           day_micros = case when p.day_start = day then p.day_micros else 0 end + p_micros
     where p.slot = app.platform_slot(p_send_id)
       and case when p.hour_start = hour then p.hour_cap = p_hour_cap and p.hour_micros + p_micros <= p.hour_most
                else p.hour_start < hour and p_micros <= p_hour_cap / 8 end
       and case when p.day_start = day then p.day_cap = p_day_cap and p.day_micros + p_micros <= p.day_most
                else p.day_start < day and p_micros <= p_day_cap / 8 end;
    if not found then
      raise exception using errcode = 'TG002';
    end if;
  exception when sqlstate 'TG002' then
    -- rolled back, because the update may have waited for the row, found it too full, and kept it: app.spend_platform_all takes rows in another order
    return false;
  end;
  return true;
end
$$;

-- The same, from the budget as a whole, of which p_share percent may be used: all slots are held (in their order), and what is left afterwards is dealt out to
-- them evenly. Says whether it is counted. Set-up always goes this way: whether the reserve is touched shows in the sum only.
create or replace function app.spend_platform_all(p_send_id uuid, p_micros bigint, p_hour_cap bigint, p_day_cap bigint, p_share integer)
returns boolean language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', hour, 'UTC');
  mine constant smallint := app.platform_slot(p_send_id);
  spent record;
begin
  insert into app.platform_slots (slot) select n from generate_series(0, 7) n where (select count(*) from app.platform_slots) < 8
  on conflict on constraint platform_slots_pk do nothing;
  perform from app.platform_slots p order by p.slot for no key update;
  select coalesce(sum(p.hour_micros) filter (where p.hour_start = hour), 0)::bigint as hour_micros, max(p.hour_start) as hour_start,
         coalesce(sum(p.day_micros) filter (where p.day_start = day), 0)::bigint as day_micros
    into spent from app.platform_slots p;
  perform app.window_turned(spent.hour_start, hour);
  if spent.hour_micros + p_micros > p_hour_cap * p_share / 100 or spent.day_micros + p_micros > p_day_cap * p_share / 100 then
    return false;
  end if;
  update app.platform_slots p
     set hour_start = hour, hour_cap = p_hour_cap,
         hour_micros = case when p.hour_start = hour then p.hour_micros else 0 end + case when p.slot = mine then p_micros else 0 end,
         hour_most = case when p.hour_start = hour then p.hour_micros else 0 end + case when p.slot = mine then p_micros else 0 end
                     + (p_hour_cap - spent.hour_micros - p_micros) / 8,
         day_start = day, day_cap = p_day_cap,
         day_micros = case when p.day_start = day then p.day_micros else 0 end + case when p.slot = mine then p_micros else 0 end,
         day_most = case when p.day_start = day then p.day_micros else 0 end + case when p.slot = mine then p_micros else 0 end
                    + (p_day_cap - spent.day_micros - p_micros) / 8;
  return true;
end
$$;

-- The platform's caps are others now: every slot is turned to the present hour and day, and what is left of the new caps is dealt out evenly.
create or replace function app.platform_deal(p_hour_cap bigint, p_day_cap bigint) returns void language plpgsql as $$
declare
  hour constant timestamptz := date_trunc('hour', now(), 'UTC');
  day constant timestamptz := date_trunc('day', hour, 'UTC');
  spent record;
begin
  perform from app.platform_slots p order by p.slot for no key update;
  select coalesce(sum(p.hour_micros) filter (where p.hour_start >= hour), 0)::bigint as hour_micros,
         coalesce(sum(p.day_micros) filter (where p.day_start >= day), 0)::bigint as day_micros
    into spent from app.platform_slots p;
  update app.platform_slots p
     set hour_start = greatest(p.hour_start, hour), hour_cap = p_hour_cap, hour_micros = case when p.hour_start >= hour then p.hour_micros else 0 end,
         hour_most = case when p.hour_start >= hour then p.hour_micros else 0 end + greatest(0, p_hour_cap - spent.hour_micros) / 8,
         day_start = greatest(p.day_start, day), day_cap = p_day_cap, day_micros = case when p.day_start >= day then p.day_micros else 0 end,
         day_most = case when p.day_start >= day then p.day_micros else 0 end + greatest(0, p_day_cap - spent.day_micros) / 8;
end
$$;

-- The platform's money for one text of p_micros: after everything else, the text itself too, so that the row that others may wait for is held no longer than the
-- commit takes. Layer platform_money refuses here.
create or replace function app.spend_last(p_send_id uuid, p_rules app.rules, p_purpose text, p_micros bigint) returns void language plpgsql as $$
declare
  set_up constant boolean := p_purpose = 'phone_set_up';
  share constant integer := case when set_up then 100 - p_rules.platform_reserve_percent else 100 end;
  s record;
  span text;
begin
  if not set_up and app.spend_platform(p_send_id, p_micros, p_rules.platform_hour_micros, p_rules.platform_day_micros)
     or app.spend_platform_all(p_send_id, p_micros, p_rules.platform_hour_micros, p_rules.platform_day_micros, share) then
    return;
  end if;
  select coalesce(sum(p.hour_micros) filter (where p.hour_start = date_trunc('hour', now(), 'UTC')), 0) + p_micros as hour_micros,
         coalesce(sum(p.day_micros) filter (where p.day_start = date_trunc('day', now(), 'UTC')), 0) + p_micros as day_micros
    into s from app.platform_slots p;
  span := case when s.day_micros > p_rules.platform_day_micros * share / 100 then 'day' else 'hour' end;
  perform app.hit(p_rules.shadow, 'platform_money', 'platform_money',
    case when s.day_micros <= p_rules.platform_day_micros and s.hour_micros <= p_rules.platform_hour_micros then 'reserve' else span end,
    app.seconds_until(app.next_start(span)));
end
$$;

-- Every layer that counts but the platform's money, for one text of p_micros to p_phone. A test session's text costs nothing and passes the layers of how often
-- only. With shadow layers among the rules the most are unbounded, and what was met is looked at afterwards.
create or replace function app.spend_limits(p_phone app.phones, p_rules app.rules, p_purpose text, p_send_id uuid, p_micros bigint) returns void language plpgsql as $$
declare
  endless constant bigint := 9000000000000000;
  share constant integer := case when p_purpose = 'phone_set_up' then 100 - p_rules.reserve_percent else 100 end;
  shadow constant boolean := cardinality(p_rules.shadow) > 0;
  free constant boolean := shadow and 'money' = any (p_rules.shadow);
  affordable boolean;
begin
  perform app.spend_velocity(p_phone, p_rules.shadow);
  if current_setting('app.mode', true) <> 'live' then
    return;
  end if;

  affordable := app.spend_country(p_phone.tenant_id, p_phone.country, p_micros,
    case when shadow and 'country_day' = any (p_rules.shadow) then 2147483647 else greatest(20, 3 * p_rules.usual) end,
    case when free then endless else coalesce(p_rules.country_micros, endless) end);
  if shadow or not affordable then
    affordable := app.spend_country_hit(p_phone, p_rules, affordable);
  end if;

  if p_rules.breaker is not null or p_rules.pair_verified < 20 or p_rules.country_verified < 20 then
    perform app.breaker_pass(p_phone, p_rules, p_send_id);
  end if;

  if not affordable then
    perform app.spend_store_hit(p_phone.tenant_id, p_rules, 0, 100, false);  -- the ramp comes before money
    perform app.hit(p_rules.shadow, 'money', 'limit_money', 'country_day', app.seconds_until(app.next_start('day')));
  end if;
  affordable := app.spend_store(p_phone.tenant_id, p_micros,
    case when shadow and 'ramp' = any (p_rules.shadow) then 2147483647 else coalesce(p_rules.ramp_sends, 2147483647) end,
    case when free then endless else p_rules.day_micros / 4 * share / 100 end,
    case when free then endless else p_rules.day_micros * share / 100 end,
    case when free then endless else p_rules.month_micros * share / 100 end);
  if shadow or not affordable then
    perform app.spend_store_hit(p_phone.tenant_id, p_rules, case when affordable then 0 else p_micros end, share, affordable);
  end if;
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
    perform app.money_counters(p_tenant_id, p_send_id, s.country, s.created_at, changed, (p_kind is not distinct from 'released')::integer);
  end if;
  return null;
end
$$;

-- Puts the open windows right that a text of p_asked_at counts in: by p_change, and p_unsent texts fewer.
create or replace function app.money_counters(p_tenant_id uuid, p_send_id uuid, p_country text, p_asked_at timestamptz, p_change bigint, p_unsent integer) returns void
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
    update app.platform_slots s
       set hour_micros = s.hour_micros + case when s.hour_start = hour then p_change else 0 end,
           day_micros = s.day_micros + case when s.day_start = day then p_change else 0 end
     where s.slot = app.platform_slot(p_send_id) and s.day_start = day;
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

-- Where a counter of the pinned store is not the sum of the ledger lines of the texts that were asked for in its window (I7): no rows when all is well. Lines
-- that wait to be chained count like the others.
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
