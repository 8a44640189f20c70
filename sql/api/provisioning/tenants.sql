-- Tenants, as the platform's backend sees them.
--
-- app.tenants.status:
--
--   trial ──────────── tenant_change ────────────▶ active          (a trial that is bought)
--   trial, active ──── tenant_suspend ───────────▶ suspended       resumes_as = the status before
--   trial ──────────── jobs.trials_end ──────────▶ suspended       at trial_ends_at; reason trial_ended
--   suspended ──────── tenant_resume ────────────▶ trial, active   resumes_as, or what the platform chooses; not back into a trial that is over
--   any of the three ─ tenant_delete ────────────▶ deleting        restores_as = the status before; purge_at = 30 days later
--   deleting ───────── tenant_restore ───────────▶ restores_as     before purge_at
--   deleting ───────── jobs.purge ───────────────▶ gone            after purge_at; leaves app.purges
--
-- Only trial and active are let in (api.enter_tenant, enter_session, enter_host). Every way out of these two ends launches, sessions and trusted devices in
-- its own transaction; what is begun meanwhile is stopped by the status. The slug is taken until the purge.

-- The JSON of one tenant.
create or replace function app.tenant_json(p_tenant app.tenants) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('tenant', p_tenant.tenant_id), 'slug', p_tenant.slug, 'name', p_tenant.name, 'country', p_tenant.country,
    'locale', p_tenant.locale, 'status', p_tenant.status, 'status_reason', p_tenant.status_reason, 'trial_ends_at', app.time(p_tenant.trial_ends_at),
    'purge_at', app.time(p_tenant.purge_at), 'return_origins', to_json(p_tenant.return_origins),
    'sms_countries', to_json(p_tenant.sms_countries), 'code_life_seconds', p_tenant.code_life_seconds,
    'created_at', app.time(p_tenant.created_at), 'updated_at', app.time(p_tenant.updated_at));
end
$$;

-- The time of a text as RFC 3339 has it in UTC, when a trial may end then: within a year. Null otherwise.
create or replace function app.trial_end(p_text text) returns timestamptz language plpgsql stable as $$
declare
  until timestamptz;
begin
  if p_text !~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$'
     or left(p_text, 10) <> to_char(to_date(left(p_text, 7) || '-01', 'YYYY-MM-DD') + substr(p_text, 9, 2)::integer - 1, 'YYYY-MM-DD') then
    return null;
  end if;
  until := p_text::timestamptz;
  return case when until > now() and until <= now() + interval '1 year' then until end;
end
$$;

-- The platform makes a tenant. Returns 201 with the tenant, or slug_taken, or body_invalid at /trial_ends_at. p_sms_countries null: its own country only.
-- p_trial_ends_at null: 14 days, when it is a trial. p_dry_run: 200 with the tenant as it would be; nothing is kept, not even the Idempotency-Key.
create or replace function api.tenant_create(p_tenant_id uuid, p_slug text, p_name text, p_country text, p_locale text,
                                             p_return_origins json, p_sms_countries json, p_code_life_seconds bigint, p_status text,
                                             p_trial_ends_at text, p_dry_run boolean)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  made app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not p_dry_run then
    reply := app.idem_begin('tenant_create');
    if reply.replayed is not null then
      return reply;
    end if;
  end if;
  made.tenant_id := p_tenant_id;
  made.slug := p_slug;
  made.name := p_name;
  made.country := p_country;
  made.locale := coalesce(p_locale, 'en');
  made.status := coalesce(p_status, 'active');
  made.trial_ends_at := case when made.status = 'trial' then coalesce(app.trial_end(p_trial_ends_at), now() + interval '14 days') end;
  made.return_origins := coalesce(app.strings(p_return_origins), '{}'::text[]);
  made.sms_countries := case when p_sms_countries is null then array[p_country] else app.strings(p_sms_countries) end;
  made.code_life_seconds := coalesce(p_code_life_seconds, 300)::integer;
  made.version := 1;
  made.created_at := now();
  made.updated_at := now();
  if p_trial_ends_at is not null and (made.status <> 'trial' or app.trial_end(p_trial_ends_at) is null) then
    reply := app.refuse_field('body_invalid', '/trial_ends_at');
  elsif p_dry_run then
    reply := case when exists (select from app.slugs s where s.slug = p_slug) then app.refuse_field('slug_taken', '/slug')
                  else app.ok(200, app.tenant_json(made)) end;
  else
    insert into app.slugs (slug, tenant_id) values (p_slug, p_tenant_id) on conflict do nothing;
    if found then
      perform set_config('app.tenant', p_tenant_id::text, true);  -- the new row must be of the pinned tenant
      insert into app.tenants select made.*;
      perform app.event('tenant_created', p_detail => json_build_object('slug', p_slug));
      perform set_config('app.tenant', '', true);
      reply := app.ok(201, app.tenant_json(made), made.version::text);
    else
      reply := app.refuse_field('slug_taken', '/slug');
    end if;
  end if;
  if p_dry_run then
    return reply;
  end if;
  return app.idem_end('tenant_create', reply);
end
$$;

-- The platform lists its tenants by id, from after p_after; of one status, or the one of that slug. Returns 200 with items and next_cursor (the last id, or
-- null).
create or replace function api.tenant_list(p_limit bigint, p_after uuid, p_status text, p_slug text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  last constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  ids uuid[];
  shown uuid[];
  items json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  -- one more than asked for tells whether there is a next page; a statement for each filter, because each has an index of its own
  ids := case
    when p_slug is not null then array(
      select s.tenant_id from app.slugs s join app.tenants t on t.tenant_id = s.tenant_id
       where s.slug = p_slug and s.tenant_id > last and (p_status is null or t.status = p_status))
    when p_status is not null then array(
      select t.tenant_id from app.tenants t where t.status = p_status and t.tenant_id > last order by t.tenant_id limit p_limit + 1)
    else array(
      select t.tenant_id from app.tenants t where t.tenant_id > last order by t.tenant_id limit p_limit + 1) end;
  shown := ids[1:p_limit::integer];
  select coalesce(json_agg(app.tenant_json(t) order by t.tenant_id), '[]'::json) into items
    from unnest(shown) x join app.tenants t on t.tenant_id = x;
  return app.ok(200, json_build_object('items', items, 'next_cursor',
    case when cardinality(ids) > p_limit then app.typeid('tenant', shown[p_limit::integer]) end));
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

-- The platform changes what is not null, if p_if_match is the present etag. p_status active ends a trial for good, p_trial_ends_at moves its end. Returns 200
-- with the tenant, or not_found, precondition_required, precondition_failed, not_on_trial, or body_invalid at /trial_ends_at.
create or replace function api.tenant_change(p_if_match text, p_name text, p_locale text, p_return_origins json, p_sms_countries json,
                                             p_code_life_seconds bigint, p_status text, p_trial_ends_at text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  until constant timestamptz := app.trial_end(p_trial_ends_at);
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
  elsif p_trial_ends_at is not null and (until is null or p_status is not null) then
    return app.refuse_field('body_invalid', '/trial_ends_at');
  elsif (p_status is not null or p_trial_ends_at is not null)
    and not exists (select from app.tenants t where t.tenant_id = app.tenant() and t.status = 'trial') then
    return app.refuse('not_on_trial');
  end if;
  update app.tenants t
     set name = coalesce(p_name, t.name),
         locale = coalesce(p_locale, t.locale),
         return_origins = case when p_return_origins is null then t.return_origins else app.strings(p_return_origins) end,
         sms_countries = case when p_sms_countries is null then t.sms_countries else app.strings(p_sms_countries) end,
         code_life_seconds = coalesce(p_code_life_seconds, t.code_life_seconds),
         status = coalesce(p_status, t.status),
         trial_ends_at = case when p_status is null then coalesce(until, t.trial_ends_at) end,
         version = t.version + 1,
         updated_at = now()
   where t.tenant_id = app.tenant() and p_if_match in ('"' || t.version || '"', '*')
     and ((p_status is null and p_trial_ends_at is null) or t.status = 'trial')
  returning * into tenant;
  if not found then
    return app.refuse('precondition_failed');
  end if;
  perform app.event('tenant_changed', p_detail => app.tenant_json(tenant));
  return app.ok(200, app.tenant_json(tenant), tenant.version::text);
end
$$;

-- What ends when a store is let in no more: open tickets, sessions, trusted devices.
create or replace function app.tenant_shut_out() returns void language plpgsql as $$
begin
  update app.launches l set state = 'revoked' where l.tenant_id = app.tenant() and l.state = 'open';
  delete from app.sessions s where s.tenant_id = app.tenant();
  delete from app.devices d where d.tenant_id = app.tenant();
end
$$;

-- The answer of a change of status that found nothing to change: 200 with the tenant as it is, or not_found, tenant_deleting.
create or replace function app.tenant_unchanged() returns api.reply language plpgsql stable as $$
declare
  tenant app.tenants;
begin
  select * into tenant from app.tenants t where t.tenant_id = app.tenant();
  if not found then
    return app.refuse('not_found');
  elsif tenant.status = 'deleting' then
    return app.refuse('tenant_deleting');
  end if;
  return app.ok(200, app.tenant_json(tenant), tenant.version::text);
end
$$;

-- The platform suspends a tenant: launches, sessions and trusted devices end at once. Returns 200 with the tenant (also when it was suspended already), or
-- not_found, tenant_deleting.
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
  if not found then
    return app.idem_end('tenant_suspend', app.tenant_unchanged());
  end if;
  perform app.tenant_shut_out();
  perform app.event('tenant_suspended', p_detail => json_build_object('reason', p_reason));
  return app.idem_end('tenant_suspend', app.ok(200, app.tenant_json(tenant), tenant.version::text));
end
$$;

-- The platform resumes a suspended tenant: as it was (p_status null), as active, or as a trial, which has 14 days when its time was over. Returns 200 with the
-- tenant (also when it was not suspended), or not_found, tenant_deleting, trial_ended (it was a trial whose time is over: the platform must choose).
create or replace function api.tenant_resume(p_reason text, p_status text)
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
     set status = coalesce(p_status, t.resumes_as), resumes_as = null, status_reason = p_reason,
         trial_ends_at = case when coalesce(p_status, t.resumes_as) <> 'trial' then null
                              when p_status = 'trial' and coalesce(t.trial_ends_at <= now(), true) then now() + interval '14 days'
                              else t.trial_ends_at end,
         version = t.version + 1, updated_at = now()
   where t.tenant_id = app.tenant() and t.status = 'suspended'
     and (p_status is not null or t.resumes_as = 'active' or t.trial_ends_at is null or t.trial_ends_at > now())
  returning * into tenant;
  if found then
    perform app.event('tenant_resumed', p_detail => json_build_object('reason', p_reason, 'status', tenant.status));
    reply := app.ok(200, app.tenant_json(tenant), tenant.version::text);
  elsif exists (select from app.tenants t where t.tenant_id = app.tenant() and t.status = 'suspended') then
    reply := app.refuse('trial_ended');
  else
    reply := app.tenant_unchanged();
  end if;
  return app.idem_end('tenant_resume', reply);
end
$$;

-- The platform deletes a tenant: it is let in no more, can be restored for 30 days, and is then purged. Returns 200 with the tenant (also when it was deleted
-- before), or not_found.
create or replace function api.tenant_delete()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  update app.tenants t
     set status = 'deleting', restores_as = t.status, deleted_at = now(), purge_at = now() + interval '30 days', version = t.version + 1, updated_at = now()
   where t.tenant_id = app.tenant() and t.status <> 'deleting'
  returning * into tenant;
  if found then
    perform app.tenant_shut_out();
    perform app.event('tenant_deleted', p_detail => json_strip_nulls(json_build_object('purge_at', app.time(tenant.purge_at), 'key', app.said()->>'key')));
  else
    select * into tenant from app.tenants t where t.tenant_id = app.tenant();
    if not found then
      return app.refuse('not_found');
    end if;
  end if;
  return app.ok(200, app.tenant_json(tenant), tenant.version::text);
end
$$;

-- The platform takes a deletion back, within its 30 days. Nothing that was ended comes back. Returns 200 with the tenant (also when it was not deleted), or
-- not_found: there is none, or its time is over and it is being purged.
create or replace function api.tenant_restore()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  tenant app.tenants;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('tenant_restore');
  if reply.replayed is not null then
    return reply;
  end if;
  update app.tenants t
     set status = t.restores_as, restores_as = null, deleted_at = null, purge_at = null, version = t.version + 1, updated_at = now()
   where t.tenant_id = app.tenant() and t.status = 'deleting' and t.purge_at > now()
  returning * into tenant;
  if found then
    perform app.event('tenant_restored', p_detail => app.said());
  else
    select * into tenant from app.tenants t where t.tenant_id = app.tenant() and t.status <> 'deleting';
    if not found then
      return app.idem_end('tenant_restore', app.refuse('not_found'));
    end if;
  end if;
  return app.idem_end('tenant_restore', app.ok(200, app.tenant_json(tenant), tenant.version::text));
end
$$;

-- The platform lists what is left of purged stores, by id. Returns 200 with items and next_cursor.
create or replace function api.purge_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  last constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  with rows as (
    select p.*, row_number() over (order by p.tenant_id) as n
      from app.purges p
     where p.tenant_id > last
     order by p.tenant_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(json_build_object(
             'tenant', app.typeid('tenant', r.tenant_id), 'deleted_at', app.time(r.deleted_at), 'begun_at', app.time(r.begun_at),
             'purged_at', app.time(r.purged_at), 'rows', r.rows,
             'ledger', case when r.ledger_line is not null then json_build_object('line', r.ledger_line, 'hash', encode(r.ledger_hash, 'hex')) end,
             'events', case when r.event_line is not null then json_build_object('line', r.event_line, 'hash', encode(r.event_hash, 'hex')) end)
             order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(app.typeid('tenant', r.tenant_id)) filter (where r.n = p_limit) end)
    into page
    from rows r;
  return app.ok(200, page);
end
$$;
