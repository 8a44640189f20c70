-- The audit trail. Owned by tillgate_jobs, whose policies see every tenant.

-- An event of a store, by a job. Two of a kind in one round are two when their details differ.
create or replace function jobs.event(p_tenant_id uuid, p_kind text, p_detail json)
returns void language plpgsql security definer set search_path = '' as $$
begin
  if app.entered('system') then
    insert into app.event_entries (tenant_id, event_id, at, request_id, kind, caller, detail)
    values (p_tenant_id, app.event_id(now(), app.request(), p_kind || coalesce(p_detail::text, ''), null), date_trunc('milliseconds', now()), app.request(),
            p_kind, 'system', p_detail)
    on conflict do nothing;
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

-- The same for one store, whose lock the caller has; p_user_id: only what concerns that user. What is personal is put apart under a salt.
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
    select x.*, nullif(x.detail - app.event_personal(), '{}') as plain, app.event_person(x.address, x.detail) as person
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
