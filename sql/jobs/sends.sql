-- Texts that somebody must look at, over all tenants. Owned by tillgate_jobs, whose policies see every tenant.

-- Takes up to p_limit texts that are due, moves what time alone decides, and returns the list that api.sends_due describes. Each text taken gets its next time, so
-- nobody else takes it meanwhile; the advisory lock lets one worker look at a time.
create or replace function jobs.sends_due(p_limit bigint)
returns json language plpgsql security definer set search_path = '' as $$
declare
  due record;
  action text;
  next_at timestamptz;
  work json[] := array[]::json[];
begin
  if not app.entered('system') or not pg_try_advisory_xact_lock(hashtext('tillgate.sends_due')) then
    return '[]'::json;
  end if;
  for due in
    select s.tenant_id, s.send_id, s.state, s.checks, s.created_at, s.moved_at
      from app.sends s
     where s.due_at <= now()
     order by s.due_at
     limit p_limit
  loop
    action := null;
    if due.created_at <= now() - interval '355 seconds' and due.state <> 'queued' then
      -- nothing stays undecided for more than 6 minutes: this runs every second and leaves itself five
      perform app.send_move(due.tenant_id, due.send_id, null, 'unknown', p_reason => 'unknown');
    elsif due.state = 'queued' then
      -- also when it is too late: the claim, which commits alone, ends it and gives its money back
      action := 'claim';
      next_at := now() + interval '2 seconds';
    elsif due.state = 'in_flight' then
      -- the lease ran out: its worker died, before or after the post
      perform app.send_move(due.tenant_id, due.send_id, null, 'ambiguous');
    elsif app.send_check_after(due.state, due.checks) is null then
      perform app.send_move(due.tenant_id, due.send_id, null, 'unknown', p_reason => 'unknown');
    else
      action := case when due.state = 'ambiguous' then 'resolve' else 'poll' end;
      -- after the last look, half a minute for its answer
      next_at := coalesce(due.moved_at + app.send_check_after(due.state, due.checks + 1), now() + interval '30 seconds');
      next_at := least(next_at, due.created_at + interval '355 seconds');
    end if;
    if action is not null then
      update app.sends s set due_at = next_at, checks = s.checks + (action <> 'claim')::integer
       where s.tenant_id = due.tenant_id and s.send_id = due.send_id and s.state = due.state and s.due_at <= now();
      if found then
        work := work || json_build_object('tenant_id', due.tenant_id, 'send_id', due.send_id, 'action', action);
      end if;
    end if;
  end loop;
  return array_to_json(work || jobs.prices_due(p_limit) || jobs.feedback_due(p_limit));
end
$$;

-- Texts that have ended, and whose real price is not known: at 1, 5, 15 and 60 minutes the provider is asked. Then, or when the provider never had a message
-- of it that could be asked for, the text is settled at the price reserved, which changes no counter. Returns the list for jobs.sends_due.
create or replace function jobs.prices_due(p_limit bigint)
returns json[] language plpgsql security definer set search_path = '' as $$
declare
  due record;
  work json[] := array[]::json[];
begin
  if not app.entered('system') then
    return work;
  end if;
  for due in
    select s.tenant_id, s.send_id, s.sid, s.moved_at, s.price_checks, s.price_micros
      from app.sends s
     where s.price_due_at <= now()
     order by s.price_due_at
     limit p_limit
  loop
    if app.price_check_after(due.price_checks) is null or (due.sid is null and due.price_checks > 2) then
      perform app.money_change(due.tenant_id, due.send_id, due.price_micros);
    else
      update app.sends s
         set price_checks = s.price_checks + 1,
             -- after the last look, five minutes for its answer
             price_due_at = coalesce(s.moved_at + app.price_check_after(s.price_checks + 1), now() + interval '5 minutes')
       where s.tenant_id = due.tenant_id and s.send_id = due.send_id and s.price_due_at <= now();
      if found and due.sid is not null then
        work := work || json_build_object('tenant_id', due.tenant_id, 'send_id', due.send_id, 'action', 'price');
      end if;
    end if;
  end loop;
  return work;
end
$$;

-- Texts whose code was answered: the provider is told once, at best. Returns the list for jobs.sends_due.
create or replace function jobs.feedback_due(p_limit bigint)
returns json[] language plpgsql security definer set search_path = '' as $$
declare
  work json[];
begin
  if not app.entered('system') then
    return array[]::json[];
  end if;
  with due as materialized (
    select s.tenant_id, s.send_id from app.sends s where s.feedback = 'due' order by s.created_at limit p_limit
  ), told as (
    update app.sends s set feedback = 'told'
      from due where s.tenant_id = due.tenant_id and s.send_id = due.send_id
    returning s.tenant_id, s.send_id
  )
  select array_agg(json_build_object('tenant_id', t.tenant_id, 'send_id', t.send_id, 'action', 'feedback')) into work from told t;
  return coalesce(work, array[]::json[]);
end
$$;
