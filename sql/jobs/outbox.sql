-- Who waits to be told something. Owned by tillgate_jobs, whose policies see every tenant.

-- Wakes the lanes of new messages; then lends up to p_limit lanes that are due, no more than 8 of one endpoint at a time, to whoever asks: an endpoint that
-- is slow holds up nobody but itself. One worker at a time asks. Returns the list that api.outbox_due describes.
create or replace function jobs.outbox_due(p_limit bigint)
returns json language plpgsql security definer set search_path = '' as $$
declare
  lane record;
  lent json[] := array[]::json[];
begin
  if not app.entered('system') or not pg_try_advisory_xact_lock(hashtext('tillgate.outbox_due')) then
    return '[]'::json;
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
  return array_to_json(lent);
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
