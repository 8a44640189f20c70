-- Erasure of a user: everything that says who it was goes, in one transaction. What stays says nothing of the person: the row that texts and their money
-- refer to, ledger lines, events without their personal part, statistics by number range. One thing stays on purpose: that a number has texted STOP, as a keyed
-- hash of it, because texts to it remain forbidden.

-- Forgets what hangs on the user's numbers and addresses beyond the store: limits, suppressions. Returns how many rows.
create or replace function app.forget_limits(p_user_id uuid) returns jsonb language plpgsql as $$
declare
  numbers constant bytea[] := array(
    select p.platform_index from app.phones p where p.tenant_id = app.tenant() and p.user_id = p_user_id
    union select c.platform_index from app.challenges c where c.tenant_id = app.tenant() and c.user_id = p_user_id);
  keys constant text[] := array(select encode(n, 'hex') from unnest(numbers) n);
  addresses constant text[] := array(
    select s.address from app.sessions s where s.tenant_id = app.tenant() and s.user_id = p_user_id
    union select p.consent_address from app.phones p where p.tenant_id = app.tenant() and p.user_id = p_user_id
    union select e.person->>'address' from app.event_people e
           where e.tenant_id = app.tenant() and e.user_id = p_user_id and e.person->>'address' is not null);
  dropped integer;
  thinned integer;
  rested integer;
begin
  delete from app.velocity v where v.key = any (keys || addresses || array[app.tenant() || ':' || p_user_id]);
  get diagnostics dropped = row_count;
  update app.velocity v
     set stamps = array(select s.t from unnest(v.stamps, v.members) with ordinality s (t, m, n) where s.m <> all (keys) order by s.n),
         members = array(select m from unnest(v.members) with ordinality u (m, n) where u.m <> all (keys) order by n)
   where v.members && keys;
  get diagnostics thinned = row_count;
  delete from app.suppressions s where s.platform_index = any (numbers) and s.reason <> 'opted_out';
  get diagnostics rested = row_count;
  return jsonb_build_object('limits', dropped + thinned, 'suppressions', rested);
end
$$;

-- Forgets what the store's other rows say of the user, methods and sessions among them. Returns how many rows, by kind.
create or replace function app.forget_rows(p_user_id uuid) returns jsonb language plpgsql as $$
declare
  outside constant text := app.typeid('user', p_user_id);
  counts jsonb := (
    select jsonb_build_object(
      'phones', (select count(*) from app.phones x where x.tenant_id = app.tenant() and x.user_id = p_user_id),
      'authenticators', (select count(*) from app.authenticators x where x.tenant_id = app.tenant() and x.user_id = p_user_id),
      'backup_codes', (select coalesce(sum(cardinality(x.macs)), 0) from app.backup_codes x where x.tenant_id = app.tenant() and x.user_id = p_user_id),
      'devices', (select count(*) from app.devices x where x.tenant_id = app.tenant() and x.user_id = p_user_id),
      'sessions', (select count(*) from app.sessions x where x.tenant_id = app.tenant() and x.user_id = p_user_id)));
  n integer;
begin
  perform app.methods_drop(p_user_id), app.user_shut_out(p_user_id);
  delete from app.bypasses b where b.tenant_id = app.tenant() and b.user_id = p_user_id;
  delete from app.launches l where l.tenant_id = app.tenant() and l.user_id = p_user_id;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('launches', n);
  update app.challenges c
     set platform_index = sha256(uuid_send(c.challenge_id)), range = '', hint = '', counted = true
   where c.tenant_id = app.tenant() and c.user_id = p_user_id;
  update app.sends s set platform_index = sha256(uuid_send(s.send_id)), range = '' where s.tenant_id = app.tenant() and s.user_id = p_user_id;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('sends', n);
  -- what webhooks told of the user, or were about to tell
  delete from app.deliveries d where d.store_id = app.tenant() and strpos(d.payload, outside) > 0;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('deliveries', n);
  -- answers that are kept to be given again may hold the user; ours does not have one yet
  delete from app.idempotency i where i.tenant_id = app.tenant() and strpos(i.body::text, outside) > 0;
  get diagnostics n = row_count;
  return counts || jsonb_build_object('answers', n);
end
$$;

-- Forgets the personal part of the user's events, 5000 of them at most; those that wait for their line get it first. Returns how many.
create or replace function app.forget_events(p_user_id uuid) returns integer language plpgsql as $$
declare
  ids uuid[];
begin
  perform pg_advisory_xact_lock(hashtextextended('tillgate.events ' || app.tenant(), 0));
  perform jobs.events_chain_store(app.tenant(), p_user_id, 5000);
  ids := array(
    select x.event_id from app.event_people x
     where x.tenant_id = app.tenant() and (x.user_id = p_user_id or x.actor_id = p_user_id) limit 5000);
  delete from app.event_people e where e.tenant_id = app.tenant() and e.event_id = any (ids);
  return cardinality(ids);
end
$$;

-- What a certificate proves: SHA-256 of "tillgate erasure 1|tenant|user|time|counts", as the certificate shows them, counts as Postgres writes jsonb. It stands in the
-- event of the erasure, which the audit trail's chain holds.
create or replace function app.erasure_proof(p_tenant_id uuid, p_user_id uuid, p_at timestamptz, p_counts jsonb) returns text language sql stable
return encode(sha256(convert_to('tillgate erasure 1|' || app.typeid('tenant', p_tenant_id) || '|' || app.typeid('user', p_user_id) || '|' || app.time(p_at) || '|'
                                || p_counts::text, 'utf8')), 'hex');

-- The platform erases a user, of a store that is being deleted too. Returns 200 with the certificate; or not_found (also when it was done before);
-- erasure_unfinished, when there are so many events that it takes another call.
create or replace function api.user_erase(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  counts jsonb;
  more integer;
  proof text;
  at constant timestamptz := date_trunc('milliseconds', now());
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('user_erase');
  if reply.replayed is not null then
    return reply;
  end if;
  if not app.tenant_take() or app.user_take(p_user_id) = 'not_found'
     or exists (select from app.users u where u.tenant_id = app.tenant() and u.user_id = p_user_id and u.erased_at is not null) then
    return app.idem_end('user_erase', app.refuse('not_found'));
  end if;
  counts := app.forget_limits(p_user_id) || app.forget_rows(p_user_id) || jsonb_build_object('exports', app.forget_exports());
  more := app.forget_events(p_user_id);
  if more >= 5000 then  -- nobody gets in any more, and what is gone is gone; the rest goes with the next call
    update app.users u set removed_at = coalesce(u.removed_at, now()) where u.tenant_id = app.tenant() and u.user_id = p_user_id;
    return app.idem_end('user_erase', app.refuse('erasure_unfinished', json_build_object('retry_after', 1)));
  end if;
  counts := counts || jsonb_build_object('events', more);
  update app.users u
     set external_id = 'erased ' || u.user_id, email = null, name = 'Erased', role = 'viewer', lock_reason = null, locked_at = null, last_signed_in_at = null,
         removed_at = coalesce(u.removed_at, now()), erased_at = now(), version = u.version + 1
   where u.tenant_id = app.tenant() and u.user_id = p_user_id;
  proof := app.erasure_proof(app.tenant(), p_user_id, at, counts);
  perform app.event('user_erased', p_user_id, json_build_object('grounds', p_reason, 'proof', proof));
  perform jobs.events_chain_store(app.tenant(), p_user_id, 100);
  return app.idem_end('user_erase', app.ok(200, json_build_object(
    'tenant', app.typeid('tenant', app.tenant()), 'user', app.typeid('user', p_user_id), 'erased_at', app.time(at), 'counts', counts,
    'event', app.typeid('event', app.event_id(now(), app.request(), 'user_erased', p_user_id)), 'proof', proof)));
end
$$;
