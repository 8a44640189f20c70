-- Ends trials and purges deleted stores. Owned by tillgate_jobs; policies of each table (sql/apply) let it remove rows only of stores whose time is over.

-- Suspends stores whose trial is over, as a person would. Returns how many.
create or replace function jobs.trials_end(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  store record;
  ended integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for store in
    select t.tenant_id, t.trial_ends_at from app.tenants t where t.status = 'trial' and t.trial_ends_at <= now() order by t.trial_ends_at limit p_batch
  loop
    update app.tenants t
       set status = 'suspended', resumes_as = 'trial', status_reason = 'trial_ended', version = t.version + 1, updated_at = now()
     where t.tenant_id = store.tenant_id and t.status = 'trial' and t.trial_ends_at <= now();
    if found then
      delete from app.launches l where l.tenant_id = store.tenant_id and l.state = 'open';
      delete from app.sessions s where s.tenant_id = store.tenant_id;
      delete from app.devices d where d.tenant_id = store.tenant_id;
      perform jobs.event(store.tenant_id, 'trial_ended', json_build_object('at', app.time(store.trial_ends_at)));
      ended := ended + 1;
    end if;
  end loop;
  return ended;
end
$$;

-- The tables that hold rows of stores, those first that others do not refer to; app.tenants is last.
create or replace function jobs.purge_order()
returns text[] language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    with recursive t as (
      select c.oid, c.relname::text as name
        from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
       where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname <> 'purges'
    ), level as (
      select t.oid, t.name, 0 as n from t
      union
      select p.oid, p.name, l.n + 1
        from level l
        join pg_catalog.pg_constraint k on k.conrelid = l.oid and k.contype = 'f' and k.confrelid <> k.conrelid
        join t p on p.oid = k.confrelid
    )
    select array_agg(x.name order by x.name = 'tenants', x.n, x.name) from (select l.name, max(l.n) as n from level l group by l.name) x);
end
$$;

-- Removes up to p_batch rows of one store whose 30 days are over, a minute late, so that no restoring of the last moment is under way. With the last rows
-- go the slug, what platform tables know by the store's id, and the store; what is left is its certificate in app.purges. Returns how many rows.
create or replace function jobs.purge(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  store record;
  place text;
  n integer;
  gone integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  select t.tenant_id, t.deleted_at into store from app.tenants t
   where t.status = 'deleting' and t.purge_at <= now() - interval '1 minute' order by t.purge_at limit 1;
  if not found then
    return 0;
  end if;
  insert into app.purges (tenant_id, deleted_at, ledger_line, ledger_hash, event_line, event_hash)
  select store.tenant_id, store.deleted_at, l.line, l.hash, e.line, e.hash
    from (select 1) one
    left join app.ledger_heads l on l.tenant_id = store.tenant_id
    left join app.event_heads e on e.tenant_id = store.tenant_id
  on conflict on constraint purges_pk do nothing;
  foreach place in array jobs.purge_order() loop
    if place = 'tenants' then
      delete from app.stops s where s.key = 'tenant ' || store.tenant_id;
      delete from app.breakers b where b.key like '%' || store.tenant_id || '%';
      delete from app.velocity v where v.key like store.tenant_id || ':%';
      update app.purges p set purged_at = now() where p.tenant_id = store.tenant_id and p.purged_at is null;
      if found then
        perform app.webhooks_tell(app.event_id(now(), app.request(), 'tenant_purged', store.tenant_id), store.tenant_id, 'tenant_purged', null, null);
      end if;
    end if;
    execute format('delete from app.%I where ctid = any (array(select ctid from app.%1$I where tenant_id = $1 limit $2))', place)
      using store.tenant_id, p_batch - gone;
    get diagnostics n = row_count;
    gone := gone + n;
    if n > 0 then
      update app.purges p set rows = p.rows || jsonb_build_object(place, coalesce((p.rows->place)::integer, 0) + n) where p.tenant_id = store.tenant_id;
    end if;
    exit when gone >= p_batch;
  end loop;
  return gone;
end
$$;
