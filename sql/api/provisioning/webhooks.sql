-- Webhooks: the platform is told what happens (Standard Webhooks, standardwebhooks.com). A message is a row, committed with what it tells of; the server's
-- outbox posts it (sql/api/outbox/deliveries.sql).

-- What is told: event kind → type of the message, and what its data says besides the ids and the event's own detail. One table; the OpenAPI file lists the same types.
create or replace function app.webhook_kinds() returns jsonb language sql immutable
return '{
  "tenant_created":          {"type": "tenant.created"},
  "tenant_changed":          {"type": "tenant.changed"},
  "tenant_suspended":        {"type": "tenant.suspended"},
  "tenant_resumed":          {"type": "tenant.resumed"},
  "tenant_deleted":          {"type": "tenant.deleted"},
  "tenant_restored":         {"type": "tenant.restored"},
  "tenant_purged":           {"type": "tenant.purged"},
  "trial_ended":             {"type": "tenant.trial_ended"},
  "key_created":             {"type": "key.created"},
  "key_rotated":             {"type": "key.rotated"},
  "key_revoked":             {"type": "key.revoked"},
  "user_changed":            {"type": "user.changed"},
  "user_locked":             {"type": "user.locked"},
  "user_unlocked":           {"type": "user.unlocked"},
  "user_reset":              {"type": "user.reset"},
  "user_removed":            {"type": "user.removed"},
  "bypass_requested":        {"type": "user.bypass_requested"},
  "bypass_approved":         {"type": "user.bypass_approved"},
  "bypass_ended":            {"type": "user.bypass_ended"},
  "phone_verified":          {"type": "method.added", "method": "sms"},
  "phone_removed":           {"type": "method.removed", "method": "sms"},
  "authenticator_activated": {"type": "method.added", "method": "authenticator"},
  "authenticator_removed":   {"type": "method.removed", "method": "authenticator"},
  "backup_codes_created":    {"type": "method.added", "method": "backup_code"},
  "limits_changed":          {"type": "limit.changed"},
  "budget_50":               {"type": "budget.alert", "percent": 50, "span": "day"},
  "budget_80":               {"type": "budget.alert", "percent": 80, "span": "day"},
  "budget_100":              {"type": "budget.alert", "percent": 100, "span": "day"},
  "budget_50_month":         {"type": "budget.alert", "percent": 50, "span": "month"},
  "budget_80_month":         {"type": "budget.alert", "percent": 80, "span": "month"},
  "budget_100_month":        {"type": "budget.alert", "percent": 100, "span": "month"},
  "breaker_opened":          {"type": "breaker.opened"},
  "texts_stopped":           {"type": "texts.stopped"},
  "texts_resumed":           {"type": "texts.resumed"},
  "webhook_tested":          {"type": "webhook.test"}
}'::jsonb;

-- The types, each once.
create or replace function app.webhook_types() returns text[] language plpgsql immutable as $$
begin
  return (select array_agg(distinct k.value->>'type') from jsonb_each(app.webhook_kinds()) k);
end
$$;

-- The body of a message. Who did what is said by ids: whatever else is personal stays here.
create or replace function app.webhook_payload(p_kind jsonb, p_tenant_id uuid, p_user_id uuid, p_detail jsonb) returns text language plpgsql stable as $$
begin
  return jsonb_build_object(
    'type', p_kind->'type',
    'timestamp', app.time(now()),
    'data', p_kind - 'type' || coalesce(p_detail - app.event_personal(), '{}')
            || jsonb_strip_nulls(jsonb_build_object('tenant', app.typeid('tenant', p_tenant_id), 'user', app.typeid('user', p_user_id))))::text;
end
$$;

-- Puts an event on its way to every endpoint that wants its type; p_tenant_id null: it is about no store. Called by app.event and jobs.event, in their transaction.
create or replace function app.webhooks_tell(p_event_id uuid, p_tenant_id uuid, p_kind text, p_user_id uuid, p_detail json) returns void language plpgsql as $$
declare
  kind constant jsonb := app.webhook_kinds()->p_kind;
  store constant uuid := coalesce(p_tenant_id, '00000000-0000-0000-0000-000000000000');
begin
  if kind is null then
    return;
  end if;
  insert into app.deliveries (webhook_id, event_id, store_id, step, type, payload)
  select w.webhook_id, p_event_id, store,
         (select count(*) from app.deliveries d
           where d.webhook_id = w.webhook_id and d.store_id = store and d.state = 'queued' and d.at = now())::integer,
         kind->>'type', app.webhook_payload(kind, p_tenant_id, p_user_id, p_detail::jsonb)
    from app.webhooks w
   where w.deleted_at is null and (w.kinds = '{*}' or kind->>'type' = any (w.kinds))
   order by w.webhook_id
  on conflict do nothing;
end
$$;

-- The JSON of an endpoint; never its secret.
create or replace function app.webhook_json(p_webhook app.webhooks) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('webhook', p_webhook.webhook_id), 'url', p_webhook.url, 'kinds', p_webhook.kinds, 'state', p_webhook.state,
    'disabled_reason', p_webhook.disabled_reason, 'failing_since', app.time(p_webhook.failing_since),
    'old_secret_expires_at', case when p_webhook.old_secret_until > now() then app.time(p_webhook.old_secret_until) end,
    'created_at', app.time(p_webhook.created_at));
end
$$;

-- What an endpoint may ask for: types that there are, or everything. Null: it may not.
create or replace function app.webhook_wanted(p_kinds json) returns text[] language plpgsql immutable as $$
declare
  wanted constant text[] := app.strings(p_kinds);
begin
  return case when '*' = any (wanted) then '{*}' when wanted <@ app.webhook_types() then wanted end;
end
$$;

-- The platform makes an endpoint. Returns 201 with it and, sealed, its secret; or body_invalid (an unknown kind), too_many_webhooks (20).
create or replace function api.webhook_create(p_webhook_id uuid, p_url text, p_kinds json, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('webhook_create');
  if reply.replayed is not null then
    return reply;
  end if;
  if app.webhook_wanted(p_kinds) is null then
    return app.idem_end('webhook_create', app.refuse_field('body_invalid', '/kinds'));
  end if;
  perform pg_advisory_xact_lock(hashtext('tillgate.webhooks'));  -- two calls cannot both make the twentieth
  insert into app.webhooks (webhook_id, url, kinds, secret_sealed)
  select p_webhook_id, p_url, app.webhook_wanted(p_kinds), p_secret_sealed
   where (select count(*) from app.webhooks w where w.deleted_at is null) < 20
  returning * into webhook;
  if not found then
    return app.idem_end('webhook_create', app.refuse('too_many_webhooks'));
  end if;
  return app.idem_end('webhook_create', app.ok(201, app.webhook_json(webhook), webhook.version::text, p_secret_sealed));
end
$$;

-- The platform lists its endpoints by id. Returns 200 with items and next_cursor.
create or replace function api.webhook_list(p_limit bigint, p_after uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  after constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  with rows as (
    select w, row_number() over (order by w.webhook_id) as n
      from app.webhooks w
     where w.deleted_at is null and w.webhook_id > after
     order by w.webhook_id
     limit p_limit + 1
  )
  select json_build_object(
           'items', coalesce(json_agg(app.webhook_json(r.w) order by r.n) filter (where r.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(app.typeid('webhook', (r.w).webhook_id)) filter (where r.n = p_limit) end)
    into page
    from rows r;
  return app.ok(200, page);
end
$$;

-- The platform reads an endpoint. Returns 200, or not_found.
create or replace function api.webhook_read(p_webhook_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into webhook from app.webhooks w where w.webhook_id = p_webhook_id and w.deleted_at is null;
  if not found then
    return app.refuse('not_found');
  end if;
  return app.ok(200, app.webhook_json(webhook), webhook.version::text);
end
$$;

-- The platform changes what is not null, if p_if_match is the present etag. Another URL is somebody else, perhaps: it gets a new secret at once
-- (p_secret_sealed), and the old ones are gone. Returns 200 with the endpoint and, sealed, that secret; or not_found, body_invalid, precondition_failed.
create or replace function api.webhook_change(p_webhook_id uuid, p_if_match text, p_url text, p_kinds json, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into webhook from app.webhooks w where w.webhook_id = p_webhook_id and w.deleted_at is null for no key update;
  if not found then
    return app.refuse('not_found');
  elsif p_kinds is not null and app.webhook_wanted(p_kinds) is null then
    return app.refuse_field('body_invalid', '/kinds');
  elsif p_if_match not in (webhook.version::text, '"' || webhook.version || '"', '*') then
    return app.refuse('precondition_failed');
  end if;
  if p_url = webhook.url then
    p_url := null;
  end if;
  update app.webhooks w
     set url = coalesce(p_url, w.url),
         kinds = case when p_kinds is null then w.kinds else app.webhook_wanted(p_kinds) end,
         secret_sealed = case when p_url is null then w.secret_sealed else p_secret_sealed end,
         old_secret_sealed = case when p_url is null then w.old_secret_sealed end,
         old_secret_until = case when p_url is null then w.old_secret_until end,
         version = w.version + 1, updated_at = now()
   where w.webhook_id = p_webhook_id
  returning * into webhook;
  return app.ok(200, app.webhook_json(webhook), webhook.version::text, case when p_url is not null then p_secret_sealed end);
end
$$;

-- The platform removes an endpoint; nothing more is posted to it, what waits included. Returns 204, or not_found.
create or replace function api.webhook_delete(p_webhook_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  update app.webhooks w set deleted_at = now() where w.webhook_id = p_webhook_id and w.deleted_at is null;
  return case when found then app.ok(204) else app.refuse('not_found') end;
end
$$;

-- The platform takes a new secret. The old one signs as well until p_grace_seconds are over; one from an earlier rotation ends now. Returns 201 with the
-- endpoint and, sealed, the new secret; or not_found.
create or replace function api.webhook_rotate(p_webhook_id uuid, p_grace_seconds bigint, p_secret_sealed bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('webhook_rotate');
  if reply.replayed is not null then
    return reply;
  end if;
  update app.webhooks w
     set secret_sealed = p_secret_sealed,
         old_secret_sealed = case when p_grace_seconds > 0 then w.secret_sealed end,
         old_secret_until = case when p_grace_seconds > 0 then now() + make_interval(secs => p_grace_seconds) end,
         version = w.version + 1, updated_at = now()
   where w.webhook_id = p_webhook_id and w.deleted_at is null
  returning * into webhook;
  if not found then
    return app.idem_end('webhook_rotate', app.refuse('not_found'));
  end if;
  return app.idem_end('webhook_rotate', app.ok(201, app.webhook_json(webhook), webhook.version::text, p_secret_sealed));
end
$$;

-- The platform lets a disabled endpoint be tried again, and one that waits for its next try at once. What waits goes out in order, oldest first. Returns 200 with
-- the endpoint, or not_found.
create or replace function api.webhook_enable(p_webhook_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('webhook_enable');
  if reply.replayed is not null then
    return reply;
  end if;
  update app.webhooks w
     set state = 'enabled', disabled_reason = null, failing_since = null, version = w.version + 1, updated_at = now()
   where w.webhook_id = p_webhook_id and w.deleted_at is null
  returning * into webhook;
  if not found then
    return app.idem_end('webhook_enable', app.refuse('not_found'));
  end if;
  update app.webhook_lanes l set due_at = now() where l.webhook_id = p_webhook_id and l.due_at is not null and not l.held;
  update app.deliveries d set attempts = 0, failed_at = null, next_at = null
   where d.webhook_id = p_webhook_id and d.state = 'queued' and d.attempts > 0;
  return app.idem_end('webhook_enable', app.ok(200, app.webhook_json(webhook), webhook.version::text));
end
$$;

-- The platform sends itself a message of type webhook.test (p_event_id), whatever kinds the endpoint asked for. Returns 202 with the delivery, or not_found,
-- webhook_disabled.
create or replace function api.webhook_test(p_webhook_id uuid, p_event_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  delivery app.deliveries;
  webhook app.webhooks;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('webhook_test');
  if reply.replayed is not null then
    return reply;
  end if;
  select * into webhook from app.webhooks w where w.webhook_id = p_webhook_id and w.deleted_at is null;
  if not found then
    return app.idem_end('webhook_test', app.refuse('not_found'));
  elsif webhook.state = 'disabled' then
    return app.idem_end('webhook_test', app.refuse('webhook_disabled'));
  end if;
  insert into app.deliveries (webhook_id, event_id, store_id, type, payload)
  values (p_webhook_id, p_event_id, '00000000-0000-0000-0000-000000000000', 'webhook.test',
          app.webhook_payload(app.webhook_kinds()->'webhook_tested', null, null, jsonb_build_object('webhook', app.typeid('webhook', p_webhook_id))))
  returning * into delivery;
  return app.idem_end('webhook_test', app.ok(202, app.delivery_json(delivery)));
end
$$;

-- The JSON of a delivery. Its id is the event's, and the message's webhook-id.
create or replace function app.delivery_json(p_delivery app.deliveries) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('event', p_delivery.event_id), 'type', p_delivery.type,
    'tenant', app.typeid('tenant', nullif(p_delivery.store_id, '00000000-0000-0000-0000-000000000000')),
    'state', p_delivery.state, 'attempts', p_delivery.attempts, 'last_status', p_delivery.last_status, 'last_error', p_delivery.last_error,
    'created_at', app.time(p_delivery.at), 'last_attempt_at', app.time(p_delivery.tried_at), 'next_attempt_at', app.time(p_delivery.next_at),
    'ended_at', app.time(p_delivery.ended_at));
end
$$;

-- The platform lists an endpoint's deliveries of the last 30 days, newest first; p_state and p_store_id narrow it. Returns 200 with items and next_cursor, or not_found.
create or replace function api.delivery_list(p_webhook_id uuid, p_limit bigint, p_before uuid, p_state text, p_store_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  before constant uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.webhooks w where w.webhook_id = p_webhook_id and w.deleted_at is null) then
    return app.refuse('not_found');
  end if;
  -- a query for each, so that each has its index whatever the others ask for
  if p_store_id is not null and p_state is not null then
    page := (select json_agg(d.* order by d.event_id desc) from (
      select x.* from app.deliveries x
       where x.webhook_id = p_webhook_id and x.store_id = p_store_id and x.state = p_state and x.event_id < before
       order by x.event_id desc limit p_limit + 1) d);
  elsif p_store_id is not null then
    page := (select json_agg(d.* order by d.event_id desc) from (
      select x.* from app.deliveries x
       where x.webhook_id = p_webhook_id and x.store_id = p_store_id and x.event_id < before
       order by x.event_id desc limit p_limit + 1) d);
  elsif p_state is not null then
    page := (select json_agg(d.* order by d.event_id desc) from (
      select x.* from app.deliveries x
       where x.webhook_id = p_webhook_id and x.state = p_state and x.event_id < before
       order by x.event_id desc limit p_limit + 1) d);
  else
    page := (select json_agg(d.* order by d.event_id desc) from (
      select x.* from app.deliveries x
       where x.webhook_id = p_webhook_id and x.event_id < before
       order by x.event_id desc limit p_limit + 1) d);
  end if;
  return app.ok(200, (
    with rows as (
      select r as d, row_number() over (order by r.event_id desc) as n from json_populate_recordset(null::app.deliveries, coalesce(page, '[]')) r
    )
    select json_build_object(
             'items', coalesce(json_agg(app.delivery_json(rows.d) order by rows.n) filter (where rows.n <= p_limit), '[]'::json),
             'next_cursor', case when count(*) > p_limit then max(app.typeid('event', (rows.d).event_id)) filter (where rows.n = p_limit) end)
      from rows));
end
$$;

-- The platform has messages sent again: the one of p_event_id, or all that happened since p_since, at most 10,000 of them, oldest first. Returns 202 with how
-- many, and since when to go on when that was not all; or not_found, webhook_disabled.
create or replace function api.webhook_replay(p_webhook_id uuid, p_since bigint, p_event_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  webhook app.webhooks;
  since constant timestamptz := to_timestamp(p_since / 1000.0);
  until timestamptz;
  replayed integer;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('webhook_replay');
  if reply.replayed is not null then
    return reply;
  end if;
  select * into webhook from app.webhooks w where w.webhook_id = p_webhook_id and w.deleted_at is null;
  if not found or (p_event_id is not null and not exists (
                     select from app.deliveries d where d.webhook_id = p_webhook_id and d.event_id = p_event_id)) then
    return app.idem_end('webhook_replay', app.refuse('not_found'));
  elsif webhook.state = 'disabled' then
    return app.idem_end('webhook_replay', app.refuse('webhook_disabled'));
  end if;
  -- ids are in the order of time: an event's begins with its millisecond
  with again as materialized (
    select d.event_id, d.at from app.deliveries d
     where d.webhook_id = p_webhook_id and d.event_id = p_event_id
    union all
    (select d.event_id, d.at from app.deliveries d
      where p_event_id is null and d.webhook_id = p_webhook_id and d.at >= since
        and d.event_id >= (lpad(to_hex(p_since), 12, '0') || '00000000000000000000')::uuid
      order by d.event_id limit 10000)
  ), done as (
    update app.deliveries d
       set state = 'queued', fresh = true, attempts = 0, failed_at = null, next_at = null, ended_at = null
      from again
     where d.webhook_id = p_webhook_id and d.event_id = again.event_id and d.state <> 'queued'
    returning d.event_id
  )
  select (select count(*) from done), case when count(*) = 10000 then max(again.at) end into replayed, until from again;
  return app.idem_end('webhook_replay', app.ok(202, json_build_object('replayed', replayed, 'go_on_since', app.time(until))));
end
$$;
