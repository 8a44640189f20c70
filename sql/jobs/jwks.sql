-- Key sets that are due to be fetched, over all tenants. Owned by tillgate_jobs, whose policies see every tenant.

-- Takes up to p_limit of them; each is due again in a quarter of an hour, or as its failure decides; those of keys that have ended never. Returns the
-- list that api.jwks_due describes.
create or replace function jobs.jwks_due(p_limit bigint)
returns json language plpgsql security definer set search_path = '' as $$
declare
  work json;
begin
  if not app.entered('system') or not pg_try_advisory_xact_lock(hashtext('tillgate.jwks_due')) then
    return '[]'::json;
  end if;
  with due as materialized (
    select l.tenant_id, l.launch_key_id from app.launch_keys l
     where l.fetch_due_at <= now() and l.revoked_at is null
     order by l.fetch_due_at limit p_limit
  ), taken as (
    update app.launch_keys l
       set fetch_tried_at = now(), fetch_due_at = case when coalesce(l.expires_at > now(), true) then now() + interval '15 minutes' else 'infinity' end
      from due
     where l.tenant_id = due.tenant_id and l.launch_key_id = due.launch_key_id and l.fetch_due_at <= now()
    returning l.tenant_id, l.launch_key_id, l.algorithm, l.jwks_url, l.fetch_due_at
  )
  select json_agg(json_build_object('tenant_id', t.tenant_id, 'launch_key_id', t.launch_key_id, 'algorithm', t.algorithm, 'url', t.jwks_url))
    into work from taken t where t.fetch_due_at < 'infinity';
  return coalesce(work, '[]'::json);
end
$$;
