-- The audit trail. Owned by tillgate_jobs, whose policies see every tenant.

-- An event of a store, by a job, that may concern one user. Two of a kind in one round are two when their details or users differ.
create or replace function jobs.event(p_tenant_id uuid, p_kind text, p_detail json, p_user_id uuid default null)
returns void language plpgsql security definer set search_path = '' as $$
declare
  id constant uuid := app.event_id(now(), app.request(), p_kind || coalesce(p_detail::text, ''), p_user_id);
begin
  if app.entered('system') then
    insert into app.event_entries (tenant_id, event_id, at, request_id, kind, user_id, caller, detail)
    values (p_tenant_id, id, date_trunc('milliseconds', now()), app.request(), p_kind, p_user_id, 'system', p_detail)
    on conflict do nothing;
    if found then
      perform app.webhooks_tell(id, p_tenant_id, p_kind, p_user_id, p_detail), app.mails_tell(id, p_tenant_id, p_kind, p_user_id, p_detail);
    end if;
  end if;
end
$$;

-- Takes up to p_batch events and makes lines of them, store by store, each under a lock of its own. Returns how many.
create or replace function jobs.events_chain(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  store uuid;
  chained integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for store in
    select distinct e.tenant_id from (select x.tenant_id from app.event_entries x limit p_batch) e order by 1
  loop
    if pg_try_advisory_xact_lock(hashtextextended('tillgate.events ' || store, 0)) then
      chained := chained + jobs.events_chain_store(store, null, p_batch - chained);
    end if;
    exit when chained >= p_batch;
  end loop;
  return chained;
end
$$;

-- The same for one store, whose lock the caller has; p_user_id: only what concerns that user. What is personal is put apart under a salt;
-- of an erased user it is not kept at all.
create or replace function jobs.events_chain_store(p_tenant_id uuid, p_user_id uuid, p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  head record;
  e record;
  salt bytea;
  chained integer := 0;
begin
  if not app.entered('system', 'platform') then
    return 0;
  end if;
  select h.line, h.hash into head from app.event_heads h where h.tenant_id = p_tenant_id;
  if not found then
    select 0::bigint as line, app.event_root(p_tenant_id) as hash into head;
  end if;
  for e in
    select x.*, nullif(x.detail - app.event_personal(), '{}') as plain,
           case when not exists (select from app.users u where u.tenant_id = p_tenant_id and u.user_id in (x.user_id, x.actor_id) and u.erased_at is not null)
                then app.event_person(x.address, x.detail) end as person
      from app.event_entries x
     where x.tenant_id = p_tenant_id and (p_user_id is null or p_user_id in (x.user_id, x.actor_id))
     order by x.event_id limit p_batch
  loop
    salt := case when e.person is not null then app.salt() end;
    insert into app.event_lines (tenant_id, line, event_id, at, request_id, kind, user_id, actor_id, caller, detail, person_hash, prev_hash, hash)
    select p_tenant_id, head.line + 1, e.event_id, e.at, e.request_id, e.kind, e.user_id, e.actor_id, e.caller, e.plain, p.hash, head.hash,
           sha256(head.hash || convert_to(app.event_text(head.line + 1, e.at, e.event_id, e.kind, e.user_id, e.actor_id, e.caller, e.request_id,
                                                         p.hash, e.plain), 'utf8'))
      from (select app.event_person_hash(salt, e.person) as hash) p
    returning line, hash into head;
    if salt is not null then
      insert into app.event_people (tenant_id, event_id, user_id, actor_id, salt, person)
      values (p_tenant_id, e.event_id, e.user_id, e.actor_id, salt, e.person);
    end if;
    delete from app.event_entries x where x.tenant_id = p_tenant_id and x.event_id = e.event_id;
    chained := chained + 1;
  end loop;
  if chained > 0 then
    insert into app.event_heads as h (tenant_id, line, hash, floor_hash) values (p_tenant_id, head.line, head.hash, app.event_root(p_tenant_id))
    on conflict on constraint event_heads_pk do update set line = excluded.line, hash = excluded.hash, at = now();
  end if;
  return chained;
end
$$;

-- Heads of ledgers and audit trails that moved and were not written out within the minute, at most p_batch of each. Returns [{tenant, chain, line, hash}], which
-- the server writes to its log: lines that are cut off later are missed by it.
create or replace function jobs.anchors(p_batch integer)
returns json language plpgsql security definer set search_path = '' as $$
declare
  moved json;
begin
  if not app.entered('system') then
    return '[]'::json;
  end if;
  with heads as (
    (select h.tenant_id, 'events' as chain, h.line, h.hash
       from app.event_heads h left join app.anchors a on a.tenant_id = h.tenant_id and a.chain = 'events'
      where a.line is null or (a.line < h.line and a.at <= now() - interval '1 minute') limit p_batch)
    union all
    (select h.tenant_id, 'ledger', h.line, h.hash
       from app.ledger_heads h left join app.anchors a on a.tenant_id = h.tenant_id and a.chain = 'ledger'
      where a.line is null or (a.line < h.line and a.at <= now() - interval '1 minute') limit p_batch)
  ), written as (
    insert into app.anchors as a (tenant_id, chain, line) select h.tenant_id, h.chain, h.line from heads h order by 1, 2
    on conflict on constraint anchors_pk do update set line = excluded.line, at = now()
  )
  select coalesce(json_agg(json_build_object('tenant', app.typeid('tenant', h.tenant_id), 'chain', h.chain, 'line', h.line, 'hash', encode(h.hash, 'hex'))
                           order by h.tenant_id), '[]')
    into moved from heads h;
  return moved;
end
$$;

-- Removes lines of the audit trail that are older than 400 days, at most p_batch, from the beginning of each chain only; what follows can still be verified,
-- because the head keeps the hash of the last line removed, and an event of the same chain tells it, too. Returns how many.
create or replace function jobs.events_expire(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  store uuid;
  upto record;
  n integer;
  removed integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for store in
    select distinct l.tenant_id
      from (select x.tenant_id from app.event_lines x where x.at < now() - interval '400 days' limit p_batch) l order by 1
  loop
    if pg_try_advisory_xact_lock(hashtextextended('tillgate.events ' || store, 0)) then
      -- lines stand in the order in which they were chained, which is nearly that of time: up to the first young one
      select l.line, l.hash into upto
        from (select x.line, x.hash, bool_and(x.at < now() - interval '400 days') over (order by x.line) as old
                from (select y.line, y.hash, y.at from app.event_lines y where y.tenant_id = store order by y.line limit p_batch) x) l
       where l.old order by l.line desc limit 1;
      if found then
        delete from app.event_people p using app.event_lines l
         where l.tenant_id = store and l.line <= upto.line and p.tenant_id = l.tenant_id and p.event_id = l.event_id;
        delete from app.event_lines l where l.tenant_id = store and l.line <= upto.line and l.at < now() - interval '400 days';
        get diagnostics n = row_count;
        update app.event_heads h set floor_line = upto.line, floor_hash = upto.hash where h.tenant_id = store;
        perform jobs.event(store, 'events_expired', json_build_object('line', upto.line, 'hash', encode(upto.hash, 'hex')));
        removed := removed + n;
      end if;
    end if;
  end loop;
  return removed;
end
$$;

-- Removes the audit trail of a store that is being deleted, at most p_batch lines a call. Returns how many rows are gone.
create or replace function jobs.events_purge(p_tenant_id uuid, p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  n integer;
  removed integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  delete from app.event_entries e using (
    select x.event_id from app.event_entries x where x.tenant_id = p_tenant_id limit p_batch) old
   where e.tenant_id = p_tenant_id and e.event_id = old.event_id;
  get diagnostics removed = row_count;
  delete from app.event_people p using (
    select x.event_id from app.event_people x where x.tenant_id = p_tenant_id limit p_batch) old
   where p.tenant_id = p_tenant_id and p.event_id = old.event_id;
  get diagnostics n = row_count;
  removed := removed + n;
  delete from app.event_lines l using (
    select x.line from app.event_lines x where x.tenant_id = p_tenant_id order by x.line limit p_batch) old
   where l.tenant_id = p_tenant_id and l.line = old.line;
  get diagnostics n = row_count;
  removed := removed + n;
  if removed = 0 then
    delete from app.event_heads h where h.tenant_id = p_tenant_id;
    delete from app.anchors a where a.tenant_id = p_tenant_id;
  end if;
  return removed;
end
$$;
