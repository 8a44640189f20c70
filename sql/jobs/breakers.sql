-- The conversion breakers (security.md d.3): texts that are ten minutes old are rolled up by store, country and range, and every key is judged by those of the
-- last hour. Owned by tillgate_jobs, whose policies see every tenant.

-- Rolls up the texts that have become ten minutes old, ten minutes of them a round at most: after a pause the rest comes with the next rounds. Only texts that
-- the provider took tell anything about people: a provider that was down must not open breakers. Adds to every key's history, and to the store's and country's day.
-- Returns how many keys.
create or replace function jobs.conversions_roll_up()
returns integer language plpgsql security definer set search_path = '' as $$
declare
  old constant timestamptz := date_trunc('second', now()) - interval '10 minutes';
  since timestamptz;
  cut timestamptz;
  n integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  insert into app.roll_ups (name, up_to) values ('conversions', old - interval '1 hour') on conflict do nothing;
  select r.up_to, least(old, r.up_to + interval '10 minutes') into since, cut from app.roll_ups r where r.name = 'conversions';
  if since >= cut then
    return 0;
  end if;
  with fresh as (
    select s.tenant_id, date_trunc('minute', s.created_at) as minute, s.country, s.range, count(*)::integer as sent,
           count(*) filter (where c.state = 'used')::integer as verified
      from app.sends s
      join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
     where s.created_at >= since and s.created_at < cut and s.mode = 'live' and s.sid is not null
     group by 1, 2, 3, 4
  ), kept as (
    insert into app.conversions as x (tenant_id, minute, country, range, sent, verified)
    select * from fresh order by 1, 2, 3, 4
    on conflict on constraint conversions_pk do update set sent = x.sent + excluded.sent, verified = x.verified + excluded.verified
  ), days as (
    insert into app.country_days as d (tenant_id, country, day, sends)
    select f.tenant_id, f.country, (f.minute at time zone 'utc')::date, sum(f.sent) from fresh f group by 1, 2, 3 order by 1, 2, 3
    on conflict on constraint country_days_pk do update set sends = d.sends + excluded.sends
  )
  insert into app.breakers as b (key, sent, verified)
  select k.key, sum(f.sent), sum(f.verified)
    from fresh f, unnest(app.breaker_keys(f.tenant_id, f.country, f.range)) as k (key)
   group by k.key order by k.key
  on conflict on constraint breakers_pk do update set sent = b.sent + excluded.sent, verified = b.verified + excluded.verified;
  get diagnostics n = row_count;
  update app.roll_ups r set up_to = cut where r.name = 'conversions';
  delete from app.conversions x where x.minute < now() - interval '2 hours';
  return n;
end
$$;

-- Judges every key, narrowest first: what an open narrower breaker holds does not count against a wider one, so that an attack on one range or one store closes
-- neither the country nor the platform. Returns how many opened.
create or replace function jobs.breakers_judge()
returns integer language plpgsql security definer set search_path = '' as $$
declare
  scope text;
  n integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  foreach scope in array array['range', 'tenant_country', 'country', 'tenant', 'platform'] loop
    n := n + jobs.breakers_open(scope);
  end loop;
  perform jobs.breakers_end();
  return n;
end
$$;

-- Opens the breakers of one scope. A key without a history (20 right codes) opens when none of its first 8 texts was answered, any key when at most 4 of 20
-- were; the platform only when five stores had a part in it. Texts older than its last closing do not count.
create or replace function jobs.breakers_open(p_scope text)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  place constant integer := array_position(array['range', 'tenant_country', 'country', 'tenant', 'platform'], p_scope);
  not_closed constant text[] := array(select b.key from app.breakers b where b.state <> 'closed');
  b record;
  n integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for b in
    with counted as (
      select (app.breaker_keys(x.tenant_id, x.country, x.range))[place] as key, x.tenant_id, x.minute, sum(x.sent) as sent, sum(x.verified) as verified
        from app.conversions x
       where x.minute >= now() - interval '70 minutes'
         and (not_closed = '{}' or not (app.breaker_keys(x.tenant_id, x.country, x.range))[:place] && not_closed)
       group by 1, 2, 3
    )
    select c.key, sum(c.sent) as sent, sum(c.verified) as verified, o.level, o.opened_at
      from counted c
      join app.breakers o on o.key = c.key
     where o.closed_at is null or c.minute >= o.closed_at
     group by c.key, o.level, o.opened_at, o.verified
    having (sum(c.sent) >= 8 and sum(c.verified) = 0 and o.verified < 20 or sum(c.sent) >= 20 and sum(c.verified) * 5 <= sum(c.sent))
       and (p_scope <> 'platform' or count(distinct c.tenant_id) >= 5)
     order by c.key
  loop
    perform jobs.breaker_open(b.key, case when b.opened_at > now() - interval '14 days' then least(b.level + 1, 3) else 0 end);
    n := n + 1;
  end loop;
  return n;
end
$$;

-- Opens one breaker for the time of p_level, and says so where the panel looks and in the store's audit trail.
create or replace function jobs.breaker_open(p_key text, p_level integer)
returns void language plpgsql security definer set search_path = '' as $$
declare
  ends constant timestamptz := now() + (array[interval '30 minutes', interval '2 hours', interval '12 hours', interval '7 days'])[p_level + 1];
begin
  if not app.entered('system') then
    return;
  end if;
  update app.breakers b set state = 'open', level = p_level, opened_at = now(), until = ends, probes = 0 where b.key = p_key;
  delete from app.probes p where p.key = p_key;
  if split_part(p_key, ' ', 1) <> 'range' then
    insert into app.stops as s (key, cause, reason, until) values (p_key, 'breaker', split_part(p_key, ' ', 1), ends)
    on conflict on constraint stops_pk do update set until = excluded.until, set_at = now();
  end if;
  if split_part(p_key, ' ', 1) in ('tenant', 'tenant_country') then
    perform jobs.event(split_part(p_key, ' ', 2)::uuid, 'breaker_opened',
                       json_build_object('country', nullif(split_part(p_key, ' ', 3), ''), 'until', app.time(ends)));
  end if;
end
$$;

-- Half-open breakers: closed by two answered probes, at once; opened again, for longer, when six were not enough for that.
create or replace function jobs.breakers_end()
returns void language plpgsql security definer set search_path = '' as $$
declare
  b record;
begin
  if not app.entered('system') then
    return;
  end if;
  for b in
    select o.key, o.level, count(s.send_id) filter (where c.state = 'used') as verified,
           count(s.send_id) filter (where s.created_at < now() - interval '10 minutes' and s.sid is not null) as told
      from app.breakers o
      join app.probes p on p.key = o.key
      join app.sends s on s.tenant_id = p.tenant_id and s.send_id = p.send_id
      join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
     where o.state = 'half_open'
     group by o.key, o.level order by o.key
  loop
    if b.verified >= 2 then
      update app.breakers o set state = 'closed', closed_at = now(), until = null where o.key = b.key and o.state = 'half_open';
      delete from app.stops s where s.key = b.key and s.cause = 'breaker';
      delete from app.probes p where p.key = b.key;
    elsif b.told >= 6 then
      perform jobs.breaker_open(b.key, least(b.level + 1, 3));
    end if;
  end loop;
end
$$;
