-- Chains the ledger. Owned by tillgate_jobs, whose policies see every tenant.

-- Takes up to p_batch entries and makes lines of them, store by store, each under a lock of its own. Returns how many.
create or replace function jobs.ledger_chain(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  store uuid;
  chained integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  for store in
    select distinct e.tenant_id from (select x.tenant_id from app.ledger_entries x limit p_batch) e order by 1
  loop
    if pg_try_advisory_xact_lock(hashtextextended('tillgate.ledger ' || store, 0)) then
      chained := chained + jobs.ledger_chain_store(store, p_batch - chained);
    end if;
    exit when chained >= p_batch;
  end loop;
  return chained;
end
$$;

-- The same for one store, whose lock the caller has. A text's own lines keep their order; that of different texts is the order in which they were decided, as far
-- as they are there.
create or replace function jobs.ledger_chain_store(p_tenant_id uuid, p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  head record;
  e record;
  chained integer := 0;
begin
  if not app.entered('system') then
    return 0;
  end if;
  select h.line, h.hash into head from app.ledger_heads h where h.tenant_id = p_tenant_id;
  if not found then
    select 0::bigint as line, app.ledger_root(p_tenant_id) as hash into head;
  end if;
  for e in
    select x.* from app.ledger_entries x where x.tenant_id = p_tenant_id order by x.at, x.send_id, x.step limit p_batch
  loop
    insert into app.ledger (tenant_id, line, at, send_id, kind, micros, country, purpose, prev_hash, hash)
    values (p_tenant_id, head.line + 1, e.at, e.send_id, e.kind, e.micros, e.country, e.purpose, head.hash,
            sha256(head.hash || convert_to(app.ledger_text(head.line + 1, e.at, e.send_id, e.kind, e.micros, e.country, e.purpose), 'utf8')))
    returning line, hash into head;
    delete from app.ledger_entries x where x.tenant_id = p_tenant_id and x.send_id = e.send_id and x.step = e.step;
    chained := chained + 1;
  end loop;
  if chained > 0 then
    insert into app.ledger_heads as h (tenant_id, line, hash) values (p_tenant_id, head.line, head.hash)
    on conflict on constraint ledger_heads_pk do update set line = excluded.line, hash = excluded.hash, at = now();
  end if;
  return chained;
end
$$;
