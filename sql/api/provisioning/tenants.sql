-- Tenants, as the platform's backend sees them.

-- The JSON of one tenant.
create or replace function app.tenant_json(p_tenant app.tenants) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('tenant', p_tenant.tenant_id), 'slug', p_tenant.slug, 'name', p_tenant.name, 'country', p_tenant.country,
    'locale', p_tenant.locale, 'status', p_tenant.status, 'return_origins', to_json(p_tenant.return_origins),
    'sms_countries', to_json(p_tenant.sms_countries), 'code_life_seconds', p_tenant.code_life_seconds,
    'created_at', app.time(p_tenant.created_at), 'updated_at', app.time(p_tenant.updated_at));
end
$$;

-- The platform makes a tenant. Returns 201 with the tenant, or slug_taken. p_sms_countries null: its own country only.
create or replace function api.tenant_create(p_tenant_id uuid, p_slug text, p_name text, p_country text, p_locale text,
                                             p_return_origins json, p_sms_countries json, p_code_life_seconds bigint, p_status text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  made app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('tenant_create');
  if reply.replayed is not null then
    return reply;
  end if;
  insert into app.slugs (slug, tenant_id) values (p_slug, p_tenant_id) on conflict do nothing;
  if not found then
    return app.idem_end('tenant_create', app.refuse_field('slug_taken', '/slug'));
  end if;
  perform set_config('app.tenant', p_tenant_id::text, true);  -- the new row must be of the pinned tenant
  insert into app.tenants (tenant_id, slug, name, country, locale, status, return_origins, sms_countries, code_life_seconds)
  values (p_tenant_id, p_slug, p_name, p_country, coalesce(p_locale, 'en'), coalesce(p_status, 'active'),
          coalesce(app.strings(p_return_origins), '{}'),
          case when p_sms_countries is null then array[p_country] else app.strings(p_sms_countries) end,
          coalesce(p_code_life_seconds, 300))
  returning * into made;
  perform app.event('tenant_created', p_detail => json_build_object('slug', p_slug));
  perform set_config('app.tenant', '', true);
  return app.idem_end('tenant_create', app.ok(201, app.tenant_json(made), made.version::text));
end
$$;

-- The platform lists its tenants by id, from after p_after. Returns 200 with items and next_cursor (the last id, or null).
create or replace function api.tenant_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  -- one row more than asked for tells whether there is a next page
  with rows as (
    select t, row_number() over (order by t.tenant_id) as n
      from app.tenants t
     where p_after is null or t.tenant_id > p_after
     order by t.tenant_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(app.tenant_json(r.t) order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit
                               then max(app.typeid('tenant', (r.t).tenant_id)) filter (where r.n = p_limit) end)
    into page
    from rows r;
  return app.ok(200, page);
end
$$;

-- The platform reads a tenant. Returns 200 with the tenant and its etag, or not_found.
create or replace function api.tenant_read()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  if not found then
    return app.refuse('not_found');
  end if;
  return app.ok(200, app.tenant_json(tenant), tenant.version::text);
end
$$;

-- The platform changes what is not null, if p_if_match is the present etag. Returns 200 with the tenant, or not_found,
-- precondition_required, precondition_failed.
create or replace function api.tenant_change(p_if_match text, p_name text, p_locale text, p_return_origins json, p_sms_countries json,
                                             p_code_life_seconds bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  if p_if_match is null then
    return app.refuse('precondition_required');
  end if;
  update app.tenants t
     set name = coalesce(p_name, t.name),
         locale = coalesce(p_locale, t.locale),
         return_origins = case when p_return_origins is null then t.return_origins else app.strings(p_return_origins) end,
         sms_countries = case when p_sms_countries is null then t.sms_countries else app.strings(p_sms_countries) end,
         code_life_seconds = coalesce(p_code_life_seconds, t.code_life_seconds),
         version = t.version + 1,
         updated_at = now()
   where t.tenant_id = app.tenant() and p_if_match in ('"' || t.version || '"', '*')
  returning * into tenant;
  if not found then
    return app.refuse('precondition_failed');
  end if;
  perform app.event('tenant_changed', p_detail => app.tenant_json(tenant));
  return app.ok(200, app.tenant_json(tenant), tenant.version::text);
end
$$;

-- The platform suspends a tenant: its launches, sessions and trusted devices end in the same transaction. Returns 200 with the tenant
-- (also when it was suspended already), or not_found.
create or replace function api.tenant_suspend(p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('tenant_suspend');
  if reply.replayed is not null then
    return reply;
  end if;
  update app.tenants t
     set status = 'suspended', resumes_as = t.status, status_reason = p_reason, version = t.version + 1, updated_at = now()
   where t.tenant_id = app.tenant() and t.status in ('trial', 'active')
  returning * into tenant;
  if found then
    update app.launches l set state = 'revoked' where l.tenant_id = app.tenant() and l.state = 'open';
    delete from app.sessions s where s.tenant_id = app.tenant();
    delete from app.devices d where d.tenant_id = app.tenant();
    perform app.event('tenant_suspended', p_detail => json_build_object('reason', p_reason));
  else
    select * into tenant from app.tenants t where t.tenant_id = app.tenant();
    if not found then
      return app.idem_end('tenant_suspend', app.refuse('not_found'));
    end if;
  end if;
  return app.idem_end('tenant_suspend', app.ok(200, app.tenant_json(tenant), tenant.version::text));
end
$$;

-- The platform resumes a suspended tenant. Returns 200 with the tenant (also when it was not suspended), or not_found.
create or replace function api.tenant_resume(p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('tenant_resume');
  if reply.replayed is not null then
    return reply;
  end if;
  update app.tenants t
     set status = t.resumes_as, resumes_as = null, status_reason = p_reason, version = t.version + 1, updated_at = now()
   where t.tenant_id = app.tenant() and t.status = 'suspended'
  returning * into tenant;
  if found then
    perform app.event('tenant_resumed', p_detail => json_build_object('reason', p_reason));
  else
    select * into tenant from app.tenants t where t.tenant_id = app.tenant();
    if not found then
      return app.idem_end('tenant_resume', app.refuse('not_found'));
    end if;
  end if;
  return app.idem_end('tenant_resume', app.ok(200, app.tenant_json(tenant), tenant.version::text));
end
$$;
