-- The conversion breakers (security.md d.3): texts that are ten minutes old are rolled up by store, country and range, and every key is judged by those of the
-- last hour. Owned by tillgate_jobs, whose policies see every tenant.

-- Rolls up the texts that have become ten minutes old. Only those that the provider took tell anything about people: a provider that was down must not
-- open breakers. Adds to every key's history. Returns how many rows of conversions.
create or replace function jobs.conversions_roll_up()
returns integer language plpgsql security definer set search_path = '' as $$
declare
  since timestamptz;
  cut constant timestamptz := date_trunc('second', now()) - interval '10 minutes';
  n integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  insert into app.roll_ups (name, up_to) values ('conversions', cut - interval '1 hour') on conflict do nothing;
  select r.up_to into since from app.roll_ups r where r.name = 'conversions';
  if since >= cut then
    return 0;
  end if;
  with fresh as (
    select s.tenant_id, date_trunc('minute', s.created_at) as minute, s.country, s.range, count(*) as sent,
           count(*) filter (where c.state = 'used') as verified
      from app.sends s
      join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
     where s.created_at >= since and s.created_at < cut and s.mode = 'live' and s.sid is not null
     group by 1, 2, 3, 4
  ), kept as (
    insert into app.conversions as x (tenant_id, minute, country, range, sent, verified)
    select * from fresh order by 1, 2, 3, 4
    on conflict on constraint conversions_pk do update set sent = x.sent + excluded.sent, verified = x.verified + excluded.verified
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
  b record;
  n integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for b in
    with told as (
      select app.breaker_keys(x.tenant_id, x.country, x.range) as keys, x.tenant_id, x.minute, x.sent, x.verified
        from app.conversions x
       where x.minute >= now() - interval '70 minutes'
    ), counted as (
      select k.key, sum(t.sent) as sent, sum(t.verified) as verified, count(distinct t.tenant_id) as stores
        from told t
        cross join lateral (select t.keys[place] as key) k
        join app.breakers own on own.key = k.key
       where own.state = 'closed' and (own.closed_at is null or t.minute >= own.closed_at)
         and not exists (select from app.breakers o where o.key = any (t.keys[:place - 1]) and o.state <> 'closed')
       group by k.key
    )
    select c.key, c.sent, c.verified, o.level, o.opened_at
      from counted c join app.breakers o on o.key = c.key
     where (c.sent >= 8 and c.verified = 0 and o.verified < 20 or c.sent >= 20 and c.verified * 5 <= c.sent)
       and (p_scope <> 'platform' or c.stores >= 5)
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

-- Half-open breakers: closed by two answered probes; opened again, for longer, when six were not enough for that. Probes are few, so they are counted from the texts
-- themselves, and at once.
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
      left join app.sends s on s.created_at >= o.half_open_at and s.mode = 'live' and o.key = any (app.breaker_keys(s.tenant_id, s.country, s.range))
      left join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
     where o.state = 'half_open'
     group by o.key, o.level order by o.key
  loop
    if b.verified >= 2 then
      update app.breakers o set state = 'closed', closed_at = now(), until = null where o.key = b.key and o.state = 'half_open';
      delete from app.stops s where s.key = b.key and s.cause = 'breaker';
    elsif b.told >= 6 then
      perform jobs.breaker_open(b.key, least(b.level + 1, 3));
    end if;
  end loop;
end
$$;

-- A row in a store's audit trail, by a job.
create or replace function jobs.event(p_tenant_id uuid, p_kind text, p_detail json)
returns void language plpgsql security definer set search_path = '' as $$
begin
  if app.entered('system') then
    insert into app.events (tenant_id, request_id, kind, caller, detail)
    values (p_tenant_id, app.request(), p_kind, 'system', p_detail) on conflict do nothing;
  end if;
end
$$;
