-- Who waits to be told something. Owned by tillgate_jobs, whose policies see every tenant.

-- What waits, for whoever asks; one worker at a time does. Returns the list that api.outbox_due describes.
create or replace function jobs.outbox_due(p_webhooks bigint, p_mails bigint)
returns json language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') or not pg_try_advisory_xact_lock(hashtext('tillgate.outbox_due')) then
    return '[]'::json;
  end if;
  return array_to_json(jobs.webhooks_due(p_webhooks) || jobs.mails_due(p_mails));
end
$$;

-- Wakes the lanes of new messages; then lends up to p_limit lanes that are due, no more than 8 of one endpoint at a time: an endpoint that is slow holds up
-- nobody but itself.
create or replace function jobs.webhooks_due(p_limit bigint)
returns json[] language plpgsql security definer set search_path = '' as $$
declare
  lane record;
  lent json[] := array[]::json[];
begin
  if not app.entered('system') then
    return lent;
  end if;
  with fresh as materialized (
    select d.webhook_id, d.event_id from app.deliveries d where d.fresh limit 1000
  ), taken as (
    update app.deliveries d set fresh = false
      from fresh where d.webhook_id = fresh.webhook_id and d.event_id = fresh.event_id
    returning d.webhook_id, d.store_id
  )
  insert into app.webhook_lanes as l (webhook_id, store_id, due_at)
  select distinct t.webhook_id, t.store_id, now() from taken t order by 1, 2
  on conflict on constraint webhook_lanes_pk do update set due_at = now() where l.due_at is null;
  for lane in
    select due.webhook_id, due.store_id
      from app.webhooks w
      cross join lateral (
        select l.webhook_id, l.store_id, l.due_at from app.webhook_lanes l
         where l.webhook_id = w.webhook_id and l.due_at <= now()
         order by l.due_at
         limit 8 - (select count(*) from (select from app.webhook_lanes h where h.webhook_id = w.webhook_id and h.held and h.due_at > now() limit 8) held)) due
     where w.state = 'enabled' and w.deleted_at is null
     order by due.due_at
     limit p_limit
  loop
    update app.webhook_lanes l set held = true, fence = l.fence + 1, due_at = now() + app.webhook_lease()
     where l.webhook_id = lane.webhook_id and l.store_id = lane.store_id and l.due_at <= now()
    returning l.webhook_id, l.store_id, l.fence into lane;
    if found then
      lent := lent || row_to_json(lane);
    end if;
  end loop;
  return lent;
end
$$;

-- Lends up to p_limit notices that are due. That somebody who can mail was here is remembered: without mail, no notices are written.
create or replace function jobs.mails_due(p_limit bigint)
returns json[] language plpgsql security definer set search_path = '' as $$
declare
  lent json[];
begin
  if not app.entered('system') or p_limit is null then
    return array[]::json[];
  end if;
  insert into app.mail_servers as m (seen_at) values (now())
  on conflict on constraint mail_servers_pk do update set seen_at = now() where m.seen_at < now() - interval '1 minute';
  with due as materialized (
    select m.tenant_id, m.mail_id from app.mails m where m.due_at <= now() order by m.due_at limit p_limit
  ), taken as (
    update app.mails m set fence = m.fence + 1, due_at = now() + interval '2 minutes'
      from due where m.tenant_id = due.tenant_id and m.mail_id = due.mail_id and m.due_at <= now()
    returning m.tenant_id, m.mail_id, m.fence
  )
  select array_agg(row_to_json(t)) into lent from taken t;
  return coalesce(lent, array[]::json[]);
end
$$;

-- Removes notices older than 30 days. Returns how many.
create or replace function jobs.mails_clean_up(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  n integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  delete from app.mails m using (
    select x.tenant_id, x.mail_id from app.mails x where x.at < now() - interval '30 days' limit p_batch) old
   where m.tenant_id = old.tenant_id and m.mail_id = old.mail_id;
  get diagnostics n = row_count;
  return n;
end
$$;

-- Removes deliveries older than 30 days, and endpoints that were deleted with all of theirs. Returns how many.
create or replace function jobs.webhooks_clean_up(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  n integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  delete from app.deliveries d using (
    select x.webhook_id, x.event_id from app.deliveries x where x.at < now() - interval '30 days'
    union all
    select x.webhook_id, x.event_id from app.webhooks w join app.deliveries x on x.webhook_id = w.webhook_id where w.deleted_at is not null
    limit p_batch) old
   where d.webhook_id = old.webhook_id and d.event_id = old.event_id;
  get diagnostics n = row_count;
  if n = 0 then
    delete from app.webhook_lanes l using app.webhooks w where l.webhook_id = w.webhook_id and w.deleted_at is not null;
    delete from app.webhooks w
     where w.deleted_at < now() - interval '1 minute' and not exists (select from app.deliveries d where d.webhook_id = w.webhook_id);
  end if;
  return n;
end
$$;
