-- Exports over all stores. Owned by tillgate_jobs, whose policies see every tenant.

-- Exports to be made, oldest first.
create or replace function jobs.exports_due(p_limit integer)
returns json language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return '[]'::json;
  end if;
  return (select coalesce(json_agg(json_build_object('tenant_id', x.tenant_id, 'export_id', x.export_id) order by x.created_at), '[]')
            from (select * from app.exports e where e.state in ('queued', 'running') order by e.created_at limit p_limit) x);
end
$$;

-- Links that are over lose their files, at most p_batch; what was never finished in a day is given up. Returns how many.
create or replace function jobs.exports_expire(p_batch integer)
returns integer language plpgsql security definer set search_path = '' as $$
declare
  n integer;
  removed integer;
begin
  if not app.entered('system') then
    return 0;
  end if;
  update app.exports x set state = 'expired'
    from (select e.tenant_id, e.export_id from app.exports e
           where (e.state = 'ready' and e.expires_at <= now()) or (e.state in ('queued', 'running') and e.created_at < now() - interval '1 day') limit p_batch) old
   where x.tenant_id = old.tenant_id and x.export_id = old.export_id and x.state in ('ready', 'queued', 'running');
  get diagnostics n = row_count;
  if n > 0 then
    delete from app.export_parts p using app.exports x
     where x.tenant_id = p.tenant_id and x.export_id = p.export_id and x.state = 'expired';
  end if;
  delete from app.exports x using (
    select e.tenant_id, e.export_id from app.exports e where e.created_at < now() - interval '30 days' limit p_batch) old
   where x.tenant_id = old.tenant_id and x.export_id = old.export_id;
  get diagnostics removed = row_count;
  return n + removed;
end
$$;
