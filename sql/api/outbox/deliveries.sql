-- One message to one endpoint: claimed with its lane, posted, recorded. The lane is what a worker holds: one message of it is under way at a time, whoever
-- asks, and the next one waits for it. A worker that dies loses the lane when its lease ends; its outcome, should it come late, has an older fence.

-- How long a worker may hold a lane for one message: the post takes 15 s at most.
create or replace function app.webhook_lease() returns interval language sql immutable return interval '30 seconds';

-- The wait behind a failed attempt, by the schedule of the specification; null: it was the last one.
create or replace function app.webhook_wait(p_attempts integer) returns interval language sql immutable
return (array[interval '5 seconds', interval '5 minutes', interval '30 minutes', interval '2 hours', interval '5 hours', interval '10 hours',
              interval '14 hours', interval '20 hours', interval '24 hours'])[p_attempts];

-- The server takes the next message of a lane that outbox_due gave it, and counts the attempt. Returns 200 with all that is needed to post it, or gone.
create or replace function api.delivery_claim(p_webhook_id uuid, p_store_id uuid, p_fence bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  delivery app.deliveries;
  webhook app.webhooks;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.webhook_lanes l set due_at = now() + app.webhook_lease()
   where l.webhook_id = p_webhook_id and l.store_id = p_store_id and l.fence = p_fence and l.held;
  if not found then
    return app.refuse('gone');
  end if;
  select * into webhook from app.webhooks w where w.webhook_id = p_webhook_id and w.state = 'enabled' and w.deleted_at is null;
  if found then
    select * into delivery from app.deliveries d
     where d.webhook_id = p_webhook_id and d.store_id = p_store_id and d.state = 'queued'
     order by d.at, d.step limit 1;
  end if;
  if delivery.event_id is null then
    update app.webhook_lanes l set held = false, due_at = case when webhook.webhook_id is null then now() end
     where l.webhook_id = p_webhook_id and l.store_id = p_store_id and l.fence = p_fence;
    return app.refuse('gone');
  end if;
  update app.deliveries d set attempts = d.attempts + 1, tried_at = now(), next_at = null
   where d.webhook_id = p_webhook_id and d.event_id = delivery.event_id;
  return app.ok(200, json_build_object(
    'event_id', delivery.event_id, 'id', app.typeid('event', delivery.event_id), 'payload', delivery.payload, 'url', webhook.url,
    'secret', encode(webhook.secret_sealed, 'hex'),
    'old_secret', case when webhook.old_secret_until > now() then encode(webhook.old_secret_sealed, 'hex') end));
end
$$;

-- The server records how the post ended: p_status of the answer, or p_error without one. p_wait_seconds: what the answer's Retry-After asks for, or null.
-- p_jitter: thousandths of the schedule's wait. Returns 200 with the fence of the lane's next message, when there is one (null: the lane rests), and
-- why the endpoint is disabled, if that came of it; or gone (the lane was lost).
create or replace function api.delivery_outcome(p_webhook_id uuid, p_store_id uuid, p_event_id uuid, p_fence bigint, p_status bigint, p_error text,
                                                p_wait_seconds bigint, p_jitter bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  delivery app.deliveries;
  again timestamptz;
  failing timestamptz;
  disabled text;
  next_fence bigint;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.webhook_lanes l set due_at = now() + app.webhook_lease()
   where l.webhook_id = p_webhook_id and l.store_id = p_store_id and l.fence = p_fence and l.held;
  if not found then
    return app.refuse('gone');
  end if;
  if p_status between 200 and 299 then
    update app.deliveries d
       set state = 'delivered', ended_at = now(), next_at = null, last_status = p_status, last_error = null
     where d.webhook_id = p_webhook_id and d.event_id = p_event_id and d.state = 'queued';
    update app.webhooks w set failing_since = null where w.webhook_id = p_webhook_id and w.failing_since is not null;
  else
    select * into delivery from app.deliveries d where d.webhook_id = p_webhook_id and d.event_id = p_event_id;
    again := now() + greatest(app.webhook_wait(delivery.attempts) * (p_jitter / 1000.0), make_interval(secs => least(coalesce(p_wait_seconds, 0), 86400)));
    if app.webhook_wait(delivery.attempts) is null then
      again := null;
    end if;
    update app.deliveries d
       set last_status = p_status, last_error = p_error, failed_at = coalesce(d.failed_at, now()), next_at = again,
           state = case when again is null and p_status is distinct from 410 then 'failed' else 'queued' end,
           ended_at = case when again is null and p_status is distinct from 410 then now() end
     where d.webhook_id = p_webhook_id and d.event_id = p_event_id and d.state = 'queued'
    returning * into delivery;
    update app.webhooks w set failing_since = now() where w.webhook_id = p_webhook_id and w.failing_since is null;
    failing := (select w.failing_since from app.webhooks w where w.webhook_id = p_webhook_id);
    disabled := case
      when p_status = 410 then 'gone'
      -- through the whole schedule, and nothing else arrived meanwhile
      when delivery.state = 'failed' and failing <= delivery.failed_at or failing <= now() - interval '5 days' then 'failed' end;
    if disabled is not null then
      update app.webhooks w set state = 'disabled', disabled_reason = disabled, version = w.version + 1, updated_at = now()
       where w.webhook_id = p_webhook_id and w.state = 'enabled';
    end if;
  end if;
  -- the lane's row is locked, and this statement sees what was committed before that: nobody is forgotten between the two
  if disabled is null and again is null and exists (
       select from app.deliveries d where d.webhook_id = p_webhook_id and d.store_id = p_store_id and d.state = 'queued') then
    next_fence := p_fence + 1;
  end if;
  update app.webhook_lanes l
     set held = next_fence is not null, fence = coalesce(next_fence, l.fence),
         due_at = case when next_fence is not null then l.due_at when disabled is not null then now() else again end
   where l.webhook_id = p_webhook_id and l.store_id = p_store_id;
  return app.ok(200, json_build_object('fence', next_fence, 'disabled', disabled));
end
$$;

-- The server gives back a lane whose next message it does not take. Returns 204.
create or replace function api.lane_release(p_webhook_id uuid, p_store_id uuid, p_fence bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.webhook_lanes l set held = false, due_at = now()
   where l.webhook_id = p_webhook_id and l.store_id = p_store_id and l.fence = p_fence and l.held;
  return app.ok(204);
end
$$;

-- The server asks for lanes that are due, at most p_webhooks of them, and for notices by mail, at most p_mails (null: it cannot mail), and holds them.
-- Returns 200 with the list of {webhook_id, store_id, fence} and {tenant_id, mail_id, fence}.
create or replace function api.outbox_due(p_webhooks bigint, p_mails bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.ok(200, jobs.outbox_due(p_webhooks, p_mails));
end
$$;
