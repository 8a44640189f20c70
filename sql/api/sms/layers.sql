-- Whether a text may be sent: the layers, in order. Each has a name, which stands in refusals, events and the list of what a store has in shadow.
--
--   stop         a kill switch of the platform, the country or the store                       texts_stopped
--   geo          the store's countries, the platform's denied ones                             country_not_allowed
--   price        what the text would cost, against the most that one may                       price_too_high
--   suppression  STOP, dead number, landline                                                   number_suppressed
--   phone, user, address, range                                                                limit_…
--   country_day  texts to the country today, against what is usual                             limit_country
--   breaker_range, breaker_country, breaker_tenant, breaker_platform                           breaker_open
--   ramp         texts of a new store today                                                    limit_ramp
--   money        the store's hour, day, month and its day in the country                       limit_money
--   platform_money                                                                             platform_money
--
-- All or nothing: the first that refuses undoes what those before it had counted (the sub-block in app.challenge_start).
-- Locks are taken in one order, by every caller, in a transaction that does nothing else; so two texts wait for each other but never deadlock:
--   the user's challenge; the text; app.velocity in the order of app.spend_velocity; app.spent_countries; app.velocity "immature" by store and country,
--   by country; app.breakers in the order of app.breaker_keys; app.spent; app.platform_slots, one or all in their order
-- A caller that gives money or uses back (app.send_move, app.money_change) takes them in the same order.
--
-- A layer in shadow decides as ever, but its refusal is only recorded (event would_refuse_LAYER, undone together with the text if a later layer refuses). What such a text
-- counts: windows of how often do not count it, so that they stay short and go on refusing exactly what they would refuse if enforced; texts and money of hour, day and
-- month do count it, because the money is really spent, and the ledger and the counters must agree. stop, suppression and platform_money cannot
-- be in shadow: a kill switch, the law (STOP) and what is left of the platform's money are not for a store to overstep.

create or replace function app.layers() returns text[] language sql immutable
return array['geo', 'price', 'phone', 'user', 'address', 'range', 'country_day', 'breaker_range', 'breaker_country', 'breaker_tenant',
             'breaker_platform', 'ramp', 'money'];
comment on function app.layers() is 'the layers that may be in shadow';

-- What a day costs at most when the platform has set nothing.
create or replace function app.day_default(p_status text) returns bigint language sql immutable
return case p_status when 'trial' then 5000000::bigint else 50000000::bigint end;

-- The keys of app.breakers that a text hangs on, narrowest first.
create or replace function app.breaker_keys(p_tenant_id uuid, p_country text, p_range text) returns text[] language sql stable
return array['range ' || p_range, 'tenant_country ' || p_tenant_id || ' ' || p_country, 'country ' || p_country, 'tenant ' || p_tenant_id, 'platform'];

-- The keys of app.stops that a text hangs on.
create or replace function app.stop_keys(p_tenant_id uuid, p_country text) returns text[] language sql stable
return array['platform', 'country ' || p_country, 'tenant ' || p_tenant_id, 'tenant_country ' || p_tenant_id || ' ' || p_country];

-- Every rule for one text, in one row. One select, so that it becomes part of the caller's. Keys are made of the arguments alone: a condition that computes with
-- another table's column is not let through row-level security, and the whole table would be read.
create or replace function app.send_rules(p_tenant_id uuid, p_country text, p_range text, p_platform_index bytea)
returns setof app.rules language sql stable rows 1 as $$
  select t.sms_countries, t.code_life_seconds, t.country,
         case when l.ramp_lifted_reason is not null or t.created_at <= now() - interval '14 days' then null
              when t.created_at > now() - interval '3 days' then 20 else 200 end,
         coalesce(l.day_micros, app.day_default(t.status)),
         coalesce(l.month_micros, 20 * coalesce(l.day_micros, app.day_default(t.status))),
         coalesce(l.reserve_percent, 20)::integer, l.max_price_micros::bigint, coalesce(l.shadow, '{}'),
         c.day_micros::bigint, p.price_micros::bigint,
         p_country = any (f.denied_countries), f.hour_micros::bigint, f.day_micros::bigint, f.reserve_percent::integer,
         case when c.stopped then 'tenant_country' else (
           select split_part(s.key, ' ', 1) from app.stops s
            where s.key = any (app.stop_keys(p_tenant_id, p_country)) and s.cause = 'switch' limit 1) end,
         exists (select from app.suppressions s where s.platform_index = p_platform_index and s.until > now()),
         (select b.key from app.breakers b where b.key = any (app.breaker_keys(p_tenant_id, p_country, p_range)) and b.state <> 'closed' limit 1),
         coalesce(bc.verified, 0), coalesce(bp.verified, 0), coalesce(bp.usual, 0)
    from app.tenants t
    join app.platform_limits f on f.key = 'platform'
    left join app.tenant_limits l on l.tenant_id = t.tenant_id
    left join app.country_limits c on c.tenant_id = t.tenant_id and c.country = p_country
    left join app.prices p on p.country = p_country
    left join app.breakers bc on bc.key = 'country ' || p_country
    left join app.breakers bp on bp.key = 'tenant_country ' || p_tenant_id || ' ' || p_country
   where t.tenant_id = p_tenant_id
$$;

-- Layer p_layer refuses, until p_wait seconds from now. In shadow that is an event; else it is raised for app.challenge_start, which
-- undoes what this text has counted and answers.
create or replace function app.hit(p_shadow text[], p_layer text, p_code text, p_reason text, p_wait integer) returns void
language plpgsql as $$
begin
  if p_layer = any (p_shadow) then
    perform app.event('would_refuse_' || p_layer, p_detail => json_build_object('code', p_code, 'reason', p_reason, 'retry_after', p_wait));
  else
    raise exception using errcode = 'TG001', message = p_code, detail = json_build_object(
      'layer', p_layer, 'reason', p_reason, 'retry_after', p_wait, 'until', app.time(date_trunc('second', now() + make_interval(secs => p_wait))))::text;
  end if;
end
$$;

-- Does anything of app.rules stand against a text of p_micros? If so app.send_barred says what.
create or replace function app.barred(p_country text, p_rules app.rules, p_micros bigint) returns boolean language sql immutable
return p_rules.stopped is not null or p_rules.denied or p_rules.suppressed or p_country <> all (p_rules.sms_countries)
    or p_micros is null or p_micros > coalesce(p_rules.max_price_micros, 100000);

-- The layers that cost nothing to look at: stop, geo, price, suppression. Returns a null row, or the refusal.
create or replace function app.send_barred(p_phone app.phones, p_rules app.rules, p_micros bigint) returns api.reply language plpgsql as $$
declare
  live constant boolean := current_setting('app.mode', true) = 'live';
  rest record;
begin
  if live and p_rules.stopped is not null then
    return app.refuse('texts_stopped', json_build_object('reason', p_rules.stopped, 'retry_after', 300, 'until', null,
                                                         'alternatives', app.alternatives('sms')));
  end if;
  if p_rules.denied or p_phone.country <> all (p_rules.sms_countries) then
    if not 'geo' = any (p_rules.shadow) then
      return app.refuse('country_not_allowed', json_build_object(
        'errors', json_build_array(json_build_object('pointer', '/number', 'code', 'invalid')),
        'reason', case when p_rules.denied then 'platform' else 'tenant' end, 'until', null, 'alternatives', app.alternatives('sms')));
    end if;
    perform app.hit(p_rules.shadow, 'geo', 'country_not_allowed', case when p_rules.denied then 'platform' else 'tenant' end, null);
  end if;
  if live and (p_micros is null or p_micros > coalesce(p_rules.max_price_micros, 100000)) then
    -- without a limit of its own a store may text its own country, whatever that costs
    if p_micros is null or p_rules.max_price_micros is not null or p_phone.country <> p_rules.home_country then
      if not 'price' = any (p_rules.shadow) or p_micros is null then
        return app.refuse('price_too_high', json_build_object('reason', case when p_micros is null then 'unknown' else 'max_price' end,
                                                              'until', null, 'alternatives', app.alternatives('sms')));
      end if;
      perform app.hit(p_rules.shadow, 'price', 'price_too_high', 'max_price', null);
    end if;
  end if;
  select s.reason, s.until into rest
    from app.suppressions s
   where s.platform_index = p_phone.platform_index and s.until > now()
   order by s.until desc limit 1;
  if found then
    return app.refuse('number_suppressed', json_build_object('reason', rest.reason, 'until', app.time(rest.until),
                                                             'way_back', app.way_back(rest.reason), 'alternatives', app.alternatives('sms')));
  end if;
  return null;
end
$$;

-- What the owner of a number that rests can do: text START to the sender (see number_opted_in), use another number, or wait.
create or replace function app.way_back(p_reason text) returns text language sql immutable
return case p_reason when 'opted_out' then 'text_start' when 'unreachable' then 'wait' else 'other_number' end;

-- The breakers of one text, and the bound on what nobody has answered yet: without a history (20 right codes) of the country, or of the store in
-- it, at most 20 texts in ten minutes. An open breaker whose time is over lets three probes in ten minutes through.
create or replace function app.breaker_pass(p_phone app.phones, p_rules app.rules, p_send_id uuid) returns void language plpgsql as $$
declare
  keys constant text[] := app.breaker_keys(p_phone.tenant_id, p_phone.country, p_phone.range);
  minutes constant interval := interval '10 minutes';
  wait integer;
  b record;
begin
  if p_rules.pair_verified < 20 then
    wait := app.spend('immature', keys[2], minutes, 20, minutes, 20);
    if wait is not null then
      perform app.hit(p_rules.shadow, 'breaker_country', 'breaker_open', 'immature_country', wait);
    end if;
  end if;
  if p_rules.country_verified < 20 then
    wait := app.spend('immature', keys[3], minutes, 20, minutes, 20);
    if wait is not null then
      perform app.hit(p_rules.shadow, 'breaker_country', 'breaker_open', 'immature_country', wait);
    end if;
  end if;
  if p_rules.breaker is null then
    return;
  end if;
  for b in
    select x.key, x.state, x.until, x.probe_at, split_part(x.key, ' ', 1) as scope from app.breakers x
     where x.key = any (keys) and x.state <> 'closed' order by array_position(keys, x.key)
  loop
    wait := case when b.state = 'open' and b.until > now() then app.seconds_until(b.until) end;
    if wait is null then
      if app.breaker_probe(b.key) then
        insert into app.probes (key, tenant_id, send_id) values (b.key, p_phone.tenant_id, p_send_id);
      else
        select app.seconds_until(x.probe_at + minutes) into wait from app.breakers x where x.key = b.key;
      end if;
    end if;
    if wait is not null then
      perform app.hit(p_rules.shadow, 'breaker_' || replace(b.scope, 'tenant_country', 'country'), 'breaker_open', b.scope, wait);
    end if;
  end loop;
end
$$;

-- One probe of a breaker whose time is over; says whether there was one left.
create or replace function app.breaker_probe(p_key text) returns boolean language plpgsql as $$
begin
  update app.breakers b
     set state = 'half_open',
         half_open_at = case when b.state = 'half_open' then b.half_open_at else now() end,
         probe_at = case when b.state = 'half_open' and b.probe_at > now() - interval '10 minutes' then b.probe_at else now() end,
         probes = case when b.state = 'half_open' and b.probe_at > now() - interval '10 minutes' then b.probes + 1 else 1 end
   where b.key = p_key
     and (b.state = 'closed' or (b.state = 'open' and b.until <= now())
          or (b.state = 'half_open' and (b.probe_at <= now() - interval '10 minutes' or b.probes < 3)));
  return found;
end
$$;

-- Says, where the panel looks before anybody asks for a text (app.stops), that p_refusal holds for everybody in the store until it ends.
create or replace function app.stop_notice(p_code text, p_body json) returns void language plpgsql as $$
declare
  tenant constant text := 'tenant ' || app.tenant();
  reason constant text := p_body->>'reason';
  stopped constant text := case
    when p_code = 'platform_money' and reason <> 'reserve' then 'platform'
    when p_code = 'limit_money' and reason in ('hour', 'day', 'month') or p_code = 'limit_ramp' then tenant end;
begin
  if stopped is not null then
    insert into app.stops as s (key, cause, reason, until) values (stopped, 'money', reason, (p_body->>'until')::timestamptz)
    on conflict on constraint stops_pk do update set reason = excluded.reason, until = excluded.until, set_at = now()
      where s.until is distinct from excluded.until;
  end if;
  if p_code = 'limit_money' and reason in ('day', 'month') then
    insert into app.budget_alerts (tenant_id, span, start, percent)
    values (app.tenant(), reason, date_trunc(reason, now(), 'UTC'), 100) on conflict do nothing;
    if found then
      perform app.event('budget_100', p_detail => json_build_object('span', reason));
    end if;
  end if;
end
$$;
