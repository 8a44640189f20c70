-- Budget alerts, usage by day, what is usual. Owned by tillgate_jobs, whose policies see every tenant.

-- Tells each store once per day and month that 50, 80 or 100 % of its money is spent. (100 % is also told by the refusal itself: the last text that would
-- fit may be dearer than what is left.) Returns how many.
create or replace function jobs.budgets_alert()
returns integer language plpgsql security definer set search_path = '' as $$
declare
  alert record;
  n integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for alert in
    insert into app.budget_alerts (tenant_id, span, start, percent)
    select w.tenant_id, w.span, w.start, p.percent
      from (select s.tenant_id, 'day' as span, s.day_start as start, s.day_micros as micros,
                   coalesce(l.day_micros, app.day_default(t.status)) as most
              from app.spent s join app.tenants t on t.tenant_id = s.tenant_id left join app.tenant_limits l on l.tenant_id = s.tenant_id
             where s.day_start = date_trunc('day', now(), 'UTC')
            union all
            select s.tenant_id, 'month', s.month_start, s.month_micros,
                   coalesce(l.month_micros, 20 * coalesce(l.day_micros, app.day_default(t.status)))
              from app.spent s join app.tenants t on t.tenant_id = s.tenant_id left join app.tenant_limits l on l.tenant_id = s.tenant_id
             where s.month_start = date_trunc('month', now(), 'UTC')) w
      join unnest(array[50, 80, 100]::smallint[]) as p (percent) on w.micros > 0 and w.micros * 100 >= w.most * p.percent
     order by w.tenant_id, w.span, p.percent
    on conflict do nothing
    returning tenant_id, span, percent
  loop
    perform jobs.event(alert.tenant_id, 'budget_' || alert.percent || case when alert.span = 'month' then '_month' else '' end,
                       json_build_object('span', alert.span));
    n := n + 1;
  end loop;
  delete from app.budget_alerts a where a.start < now() - interval '32 days';
  delete from app.stops s where s.until < now() - interval '1 day';
  return n;
end
$$;

-- Rolls up the texts that are two days old, when every price is known, one hour of them a round. Returns the hour, or null when there was none to do.
create or replace function jobs.usage_roll_up()
returns timestamptz language plpgsql security definer set search_path = '' as $$
declare
  since timestamptz;
begin
  if not app.entered('system') then
    return null;
  end if;
  insert into app.roll_ups (name, up_to)
  select 'usage', date_trunc('day', coalesce(min(s.created_at), now()), 'UTC') from app.sends s
   where not exists (select from app.roll_ups r where r.name = 'usage')
  on conflict do nothing;
  select r.up_to into since from app.roll_ups r where r.name = 'usage';
  if since > now() - interval '2 days 1 hour' then
    return null;
  end if;
  insert into app.usage as u (tenant_id, day, country, purpose, outcome, sends, verified, micros)
  select s.tenant_id, (since at time zone 'utc')::date, s.country, coalesce(s.purpose, c.purpose), app.outcome(s.state), count(*),
         count(*) filter (where c.state = 'used' and c.send_id = s.send_id), sum(s.price_micros)
    from app.sends s
    join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
   where s.created_at >= since and s.created_at < since + interval '1 hour' and s.mode = 'live'
   group by 1, 2, 3, 4, 5
  on conflict on constraint usage_pk do update
    set sends = u.sends + excluded.sends, verified = u.verified + excluded.verified, micros = u.micros + excluded.micros;
  -- hours without texts are passed over
  update app.roll_ups r
     set up_to = greatest(since + interval '1 hour', (
           select date_trunc('hour', min(s.created_at), 'UTC') from app.sends s
            where s.created_at >= since + interval '1 hour' and s.created_at < now() - interval '2 days'))
   where r.name = 'usage';
  return since;
end
$$;

-- Says anew what is usual for each store and country: the median of its days with texts of the last two weeks, today left out. Once a day, p_batch of them a round.
create or replace function jobs.usual(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  today constant date := (now() at time zone 'utc')::date;
  n integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  if exists (select from app.roll_ups r where r.name = 'usual' and r.up_to >= today::timestamp at time zone 'utc') then
    return 0;
  end if;
  insert into app.breakers as b (key, usual, usual_on)
  select d.key, d.usual, today
    from (select 'tenant_country ' || x.tenant_id || ' ' || x.country as key, percentile_disc(0.5) within group (order by x.sends) as usual
            from app.country_days x where x.day >= today - 14 and x.day < today
           group by x.tenant_id, x.country) d
    left join app.breakers o on o.key = d.key
   where o.usual_on is distinct from today
   order by d.key limit p_batch
  on conflict on constraint breakers_pk do update set usual = excluded.usual, usual_on = excluded.usual_on;
  get diagnostics n = row_count;
  if n < p_batch then
    insert into app.roll_ups as r (name, up_to) values ('usual', today::timestamp at time zone 'utc')
    on conflict on constraint roll_ups_pk do update set up_to = excluded.up_to;
    delete from app.country_days x where x.day < today - 14;
  end if;
  return n;
end
$$;

-- Notices a provider that is down: of the last minute's ten or more posts nearly all had to be tried again. The panel offers other methods first for a minute.
create or replace function jobs.provider_watch()
returns boolean language plpgsql security definer set search_path = '' as $$
declare
  seen record;
begin
  if not app.entered('system') then
    return false;
  end if;
  select count(*) as posts, count(*) filter (where s.reason = 'provider_down') as down into seen
    from app.sends s
   where s.created_at > now() - interval '3 minutes' and s.posted_at > now() - interval '1 minute' and s.mode = 'live';
  if seen.posts < 10 or seen.down * 10 < seen.posts * 8 then
    return false;
  end if;
  insert into app.stops as s (key, cause, reason, until) values ('platform', 'provider', 'provider_down', now() + interval '1 minute')
  on conflict on constraint stops_pk do update set until = excluded.until, set_at = now();
  return true;
end
$$;

-- Is it time for p_name again? At most once in p_every, over all workers.
create or replace function jobs.is_due(p_name text, p_every interval)
returns boolean language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return false;
  end if;
  insert into app.roll_ups as r (name, up_to) values (p_name || ' again', now() + p_every)
  on conflict on constraint roll_ups_pk do update set up_to = excluded.up_to where r.up_to <= now();
  return found;
end
$$;

-- One round of all that money needs; what reads more comes less often. Returns what was done.
create or replace function jobs.money(p_batch integer)
returns json language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return '{}'::json;
  end if;
  return json_build_object(
    'chained', jobs.ledger_chain(p_batch),
    'conversions', jobs.conversions_roll_up(),
    'breakers_opened', case when jobs.is_due('breakers', '10 seconds') then jobs.breakers_judge() end,
    'provider_down', case when jobs.is_due('provider', '5 seconds') then jobs.provider_watch() end,
    'alerts', case when jobs.is_due('alerts', '20 seconds') then jobs.budgets_alert() end,
    'usage', jobs.usage_roll_up(),
    'usual', jobs.usual(p_batch));
end
$$;
