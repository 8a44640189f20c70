-- The bypass: an exception by which a user may skip the second step. Named, reasoned, at most 24 hours, by two people (security.md ENR-4). A row of
-- app.bypasses is requested, then approved; it ends by bypass_end, by its time, or with its user. Its use is in panel/second_step.sql.

-- Notes the request; a row whose time is over is as good as none.
create or replace function app.bypass_request(p_user_id uuid, p_reason text, p_by text, p_hours bigint) returns api.reply language plpgsql as $$
declare
  refusal constant text := app.user_take(p_user_id);
  reply api.reply;
begin
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  insert into app.bypasses as b (tenant_id, user_id, reason, hours, requested_by, requested_key, expires_at)
  values (app.tenant(), p_user_id, p_reason, p_hours::smallint, p_by, current_setting('app.key', true)::uuid, now() + interval '24 hours')
  on conflict on constraint bypasses_pk do update
    set state = 'requested', reason = excluded.reason, hours = excluded.hours, requested_by = excluded.requested_by,
        requested_key = excluded.requested_key, requested_at = now(), approved_by = null, approved_key = null, approved_at = null,
        expires_at = excluded.expires_at
    where b.expires_at <= now();
  if not found then
    return app.refuse('bypass_exists');
  end if;
  perform app.event('bypass_requested', p_user_id, (app.said(p_reason)::jsonb || jsonb_build_object('by', p_by, 'hours', p_hours))::json);
  reply := app.user_reply(p_user_id);
  reply.status := 201;
  return reply;
end
$$;

-- Names of people are compared without case and spaces around them: the same person does not approve by another spelling of that kind.
create or replace function app.person_name(p_name text) returns text language sql immutable
return lower(btrim(regexp_replace(p_name, '\s+', ' ', 'g')));

-- Turns the request into a bypass. One conditional update: of two approvals at once one finds a request.
create or replace function app.bypass_approve(p_user_id uuid, p_by text) returns api.reply language plpgsql as $$
declare
  refusal constant text := app.user_take(p_user_id);
  agreed record;
begin
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  update app.bypasses b
     set state = 'approved', approved_by = p_by, approved_key = current_setting('app.key', true)::uuid, approved_at = now(),
         expires_at = now() + b.hours * interval '1 hour'
   where b.tenant_id = app.tenant() and b.user_id = p_user_id and b.state = 'requested' and b.expires_at > now()
     and app.person_name(b.requested_by) <> app.person_name(p_by)
  returning b.requested_by, b.hours, b.expires_at into agreed;
  if found then
    perform app.event('bypass_approved', p_user_id, (coalesce(app.said()::jsonb, '{}') || jsonb_build_object(
      'by', agreed.requested_by, 'approved_by', p_by, 'hours', agreed.hours, 'until', app.time(agreed.expires_at)))::json);
    return app.user_reply(p_user_id);
  end if;
  if exists (select from app.bypasses b
              where b.tenant_id = app.tenant() and b.user_id = p_user_id and b.state = 'requested' and b.expires_at > now()) then
    return app.refuse_field('same_person', '/by');
  end if;
  return app.refuse('no_bypass');
end
$$;

-- One person at the platform asks that a user may skip the second step for p_hours; another one must approve within a day. Returns 201 with the user,
-- or not_found, user_removed, bypass_exists.
create or replace function api.bypass_request(p_user_id uuid, p_reason text, p_by text, p_hours bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('bypass_request');
  if reply.replayed is not null then
    return reply;
  end if;
  return app.idem_end('bypass_request', app.bypass_request(p_user_id, p_reason, p_by, p_hours));
end
$$;

-- Another person at the platform agrees; the hours begin. Returns 200 with the user, or not_found, user_removed, no_bypass (none is asked for), same_person.
create or replace function api.bypass_approve(p_user_id uuid, p_by text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('bypass_approve');
  if reply.replayed is not null then
    return reply;
  end if;
  return app.idem_end('bypass_approve', app.bypass_approve(p_user_id, p_by));
end
$$;

-- The platform takes back a request or a bypass; sessions that came in by it end. Returns 204 (also when there was none), or not_found.
create or replace function api.bypass_end(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if app.user_take(p_user_id) = 'not_found' then
    return app.refuse('not_found');
  end if;
  delete from app.bypasses b where b.tenant_id = app.tenant() and b.user_id = p_user_id;
  if found then
    delete from app.sessions s where s.tenant_id = app.tenant() and s.user_id = p_user_id and s.amr = array['bypass'];
    perform app.event('bypass_ended', p_user_id, (coalesce(app.said()::jsonb, '{}') || jsonb_build_object('cause', 'taken_back'))::json);
  end if;
  return app.ok(204);
end
$$;
