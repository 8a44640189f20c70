-- Users of a store: what the platform and the store's owner do to them. The functions of schema app are the core that both share; those of schema
-- api in this file are the platform's door, those in panel/team.sql the owner's.
--
-- A person's lock (locked_at) holds until somebody takes it back; the lock for wrong codes (locked_until) ends by itself. Either shows as state
-- locked. A lock, a removal and a reset end launches, sessions and trusted devices at once: users.signed_out_at makes every launch and session from
-- before void, also one whose row is being written meanwhile. They take the user's row first, as every sign-in does: a sign-in under way came before
-- and is void, or comes after and finds nothing to prove itself with. What may change who owns the store takes the tenant's row before.

-- ------------------------------------------------------------------------------------------------------------ lists

-- What a user is: removed, locked or active.
create or replace function app.user_state(p_removed_at timestamptz, p_locked_at timestamptz, p_locked_until timestamptz) returns text language sql stable
return case when p_removed_at is not null then 'removed'
            when p_locked_at is not null or p_locked_until > now() then 'locked' else 'active' end;

-- The JSON list of those users, in that order.
create or replace function app.users_json(p_tenant_id uuid, p_users uuid[]) returns json language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'id', app.typeid('user', u.user_id), 'external_id', u.external_id, 'name', u.name, 'email', u.email, 'role', u.role, 'locale', u.locale,
             'state', app.user_state(u.removed_at, u.locked_at, u.locked_until),
             'locked_until', app.time(m.locked_until), 'lock_reason', u.lock_reason,
             'methods', app.methods_json(m.sms, m.phone_hint, m.sms_off, m.authenticator, m.authenticator_off, m.backup_codes, m.backup_code_off),
             'second_step', case when m.sms or m.authenticator then 'set_up' else 'none' end,
             'sessions', (select count(*) from app.sessions s
                           where s.tenant_id = u.tenant_id and s.user_id = u.user_id and s.expires_at > now() and s.seen_at > now() - interval '15 minutes'),
             'last_signed_in_at', app.time(u.last_signed_in_at), 'created_at', app.time(u.created_at),
             'bypass', case when b.state is not null then json_build_object(
               'state', b.state, 'by', b.requested_by, 'approved_by', b.approved_by, 'reason', b.reason, 'hours', b.hours,
               'expires_at', app.time(b.expires_at)) end) order by l.n), '[]'::json)
      from unnest(p_users) with ordinality as l (user_id, n)
      -- "limit 1": looked up by key, once for each user; see app.events_json
      cross join lateral (select * from app.users x where x.tenant_id = p_tenant_id and x.user_id = l.user_id limit 1) u
      cross join lateral app.methods(u.tenant_id, u.user_id) m
      left join app.bypasses b on b.tenant_id = u.tenant_id and b.user_id = u.user_id and b.expires_at > now());
end
$$;

-- The first p_count users behind p_after, oldest first; of one state, or of all (null). A statement for each, because each has an index of its own.
create or replace function app.users_by_state(p_tenant_id uuid, p_count bigint, p_after uuid, p_state text) returns uuid[] language plpgsql stable as $$
declare
  last constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
begin
  return case p_state
    when 'active' then array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and u.user_id > last and u.removed_at is null and u.locked_at is null
         and (u.locked_until is null or u.locked_until <= now())
       order by u.user_id limit p_count)
    when 'locked' then array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and u.user_id > last and u.removed_at is null
         and (u.locked_at is not null or u.locked_until is not null) and (u.locked_at is not null or u.locked_until > now())
       order by u.user_id limit p_count)
    when 'removed' then array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and u.user_id > last and u.removed_at is not null
       order by u.user_id limit p_count)
    else array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and u.user_id > last
       order by u.user_id limit p_count) end;
end
$$;

-- The first p_count users behind p_after whose name, e-mail or own id of the store begins with p_q, in lower or upper case: first those found by
-- name, in its order, then those by e-mail alone, then those by the store's id alone. Null when p_after is not among them.
create or replace function app.users_by_text(p_tenant_id uuid, p_count bigint, p_after uuid, p_state text, p_q text) returns uuid[] language plpgsql stable as $$
declare
  first constant text collate "C" := lower(p_q);
  beyond constant text collate "C" := first || chr(1114111);  -- no text that begins with it comes behind the greatest character
  nobody constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
  place integer := 1;
  place_text text collate "C" := first;
  place_id uuid := nobody;
  found_ids uuid[] := array[]::uuid[];
begin
  if p_after is not null then
    select case when u.search_name >= first and u.search_name < beyond then 1
                when u.search_email >= first and u.search_email < beyond then 2
                when u.search_external_id >= first and u.search_external_id < beyond then 3 end,
           case when u.search_name >= first and u.search_name < beyond then u.search_name
                when u.search_email >= first and u.search_email < beyond then u.search_email
                else u.search_external_id end,
           u.user_id
      into place, place_text, place_id
      from app.users u where u.tenant_id = p_tenant_id and u.user_id = p_after;
    if place is null then
      return null;
    end if;
  end if;

  if place = 1 then
    found_ids := array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and (u.search_name, u.user_id) > (place_text, place_id) and u.search_name < beyond
         and (p_state is null or app.user_state(u.removed_at, u.locked_at, u.locked_until) = p_state)
       order by u.search_name, u.user_id limit p_count);
    place_text := first;
    place_id := nobody;
  end if;
  if place <= 2 and cardinality(found_ids) < p_count then
    found_ids := found_ids || array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and (u.search_email, u.user_id) > (place_text, place_id) and u.search_email < beyond
         and not (u.search_name >= first and u.search_name < beyond)
         and (p_state is null or app.user_state(u.removed_at, u.locked_at, u.locked_until) = p_state)
       order by u.search_email, u.user_id limit p_count - cardinality(found_ids));
    place_text := first;
    place_id := nobody;
  end if;
  if cardinality(found_ids) < p_count then
    found_ids := found_ids || array(
      select u.user_id from app.users u
       where u.tenant_id = p_tenant_id and (u.search_external_id, u.user_id) > (place_text, place_id) and u.search_external_id < beyond
         and not (u.search_name >= first and u.search_name < beyond)
         and not coalesce(u.search_email >= first and u.search_email < beyond, false)
         and (p_state is null or app.user_state(u.removed_at, u.locked_at, u.locked_until) = p_state)
       order by u.search_external_id, u.user_id limit p_count - cardinality(found_ids));
  end if;
  return found_ids;
end
$$;

-- One page of the pinned store's users. Returns 200 with {items, next_cursor}, or body_invalid at ?cursor: the user that it names is not, or not any
-- more, among those searched for.
create or replace function app.users_page(p_limit bigint, p_after uuid, p_q text, p_state text) returns api.reply language plpgsql stable as $$
declare
  ids uuid[];
  shown uuid[];
begin
  -- one more than asked for tells whether there is a next page
  ids := case when p_q is null then app.users_by_state(app.tenant(), p_limit + 1, p_after, p_state)
              else app.users_by_text(app.tenant(), p_limit + 1, p_after, p_state, p_q) end;
  if ids is null then
    return app.refuse_field('body_invalid', '?cursor');
  end if;
  shown := ids[1:p_limit::integer];
  return app.ok(200, json_build_object(
    'items', app.users_json(app.tenant(), shown),
    'next_cursor', case when cardinality(ids) > p_limit then app.typeid('user', shown[p_limit::integer]) end));
end
$$;

-- One user of the pinned store. Returns 200 with the user and its etag, or not_found.
create or replace function app.user_reply(p_user_id uuid) returns api.reply language plpgsql stable as $$
declare
  version integer;
begin
  select u.version into version from app.users u where u.tenant_id = app.tenant() and u.user_id = p_user_id;
  if not found then
    return app.refuse('not_found');
  end if;
  return app.ok(200, app.users_json(app.tenant(), array[p_user_id])->0, version::text);
end
$$;

-- ------------------------------------------------------------------------------------------- what is done to them

-- Who asked and why, for the audit trail; the owner is there by himself, as the actor.
create or replace function app.said(p_reason text default null) returns json language plpgsql stable as $$
begin
  return nullif(json_strip_nulls(json_build_object('reason', p_reason, 'key', app.typeid('key', nullif(current_setting('app.key', true), '')::uuid)))::text,
                '{}')::json;
end
$$;

-- Takes the row of a user whom somebody else is about to change. Returns null, or why not: not_found, user_removed.
create or replace function app.user_take(p_user_id uuid) returns text language plpgsql as $$
declare
  removed boolean;
begin
  select u.removed_at is not null into removed
    from app.users u where u.tenant_id = app.tenant() and u.user_id = p_user_id for no key update;
  return case when removed is null then 'not_found' when removed then 'user_removed' end;
end
$$;

-- Takes the store's row: owners are counted and changed one after another. Returns whether there is such a store.
create or replace function app.tenant_take() returns boolean language plpgsql as $$
begin
  perform from app.tenants t where t.tenant_id = app.tenant() for no key update;
  return found;
end
$$;

-- Is this user the only owner the store has left? The caller has taken the store's row.
create or replace function app.is_last_owner(p_user_id uuid) returns boolean language plpgsql stable as $$
begin
  return exists (select from app.users u where u.tenant_id = app.tenant() and u.user_id = p_user_id and u.role = 'owner' and u.removed_at is null)
     and not exists (select from app.users u
                      where u.tenant_id = app.tenant() and u.user_id <> p_user_id and u.role = 'owner' and u.removed_at is null);
end
$$;

-- Ends a user's launches and sessions. Returns how many sessions there were.
create or replace function app.user_sign_out(p_user_id uuid) returns integer language plpgsql as $$
declare
  ended integer;
begin
  update app.users u set signed_out_at = now() where u.tenant_id = app.tenant() and u.user_id = p_user_id;
  delete from app.sessions s where s.tenant_id = app.tenant() and s.user_id = p_user_id;
  get diagnostics ended = row_count;
  return ended;
end
$$;

-- The same, and the trusted devices.
create or replace function app.user_shut_out(p_user_id uuid) returns void language plpgsql as $$
begin
  delete from app.devices d where d.tenant_id = app.tenant() and d.user_id = p_user_id;
  perform app.user_sign_out(p_user_id);
end
$$;

-- Takes a user's second step away: methods, codes on paper and on their way, counts of wrong codes. Trust and sessions that hang on it: app.user_shut_out.
create or replace function app.methods_drop(p_user_id uuid) returns void language plpgsql as $$
begin
  update app.users u
     set preferred_method = null, wrong_codes = 0, lock_level = 0, locked_until = null, sms_wrong = 0, authenticator_wrong = 0, backup_code_wrong = 0
   where u.tenant_id = app.tenant() and u.user_id = p_user_id;
  update app.challenges c set state = 'superseded', code_sealed = null
   where c.tenant_id = app.tenant() and c.user_id = p_user_id and c.state = 'live';
  delete from app.phones p where p.tenant_id = app.tenant() and p.user_id = p_user_id;
  delete from app.authenticators a where a.tenant_id = app.tenant() and a.user_id = p_user_id;
  delete from app.backup_codes b where b.tenant_id = app.tenant() and b.user_id = p_user_id;
end
$$;

-- Locks a user until somebody unlocks. Returns 200 with the user (also when a person had locked them before), or not_found, user_removed.
create or replace function app.user_lock(p_user_id uuid, p_reason text) returns api.reply language plpgsql as $$
declare
  refusal constant text := app.user_take(p_user_id);
begin
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  update app.users u set locked_at = now(), lock_reason = p_reason, version = u.version + 1
   where u.tenant_id = app.tenant() and u.user_id = p_user_id and u.locked_at is null;
  if found then
    perform app.user_shut_out(p_user_id);
    perform app.event('user_locked', p_user_id, app.said(p_reason));
  end if;
  return app.user_reply(p_user_id);
end
$$;

-- Takes back the lock by a person and the lock for wrong codes, and switches methods on again. Returns 200 with the user (also when there was nothing to
-- take back), or not_found, user_removed.
create or replace function app.user_unlock(p_user_id uuid, p_reason text) returns api.reply language plpgsql as $$
declare
  refusal constant text := app.user_take(p_user_id);
begin
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  update app.users u
     set locked_at = null, lock_reason = null, locked_until = null, lock_level = 0, wrong_codes = 0, sms_wrong = 0, authenticator_wrong = 0,
         backup_code_wrong = 0, version = u.version + 1
   where u.tenant_id = app.tenant() and u.user_id = p_user_id
     and (u.locked_at is not null or u.locked_until is not null or greatest(u.sms_wrong, u.authenticator_wrong, u.backup_code_wrong) > 0);
  if found then
    perform app.event('user_unlocked', p_user_id, app.said(p_reason));
  end if;
  return app.user_reply(p_user_id);
end
$$;

-- Takes a user's second step away, so that they set it up anew at their next launch; a lock by a person stays. Returns 200 with the user, or
-- not_found, user_removed.
create or replace function app.user_reset(p_user_id uuid, p_reason text) returns api.reply language plpgsql as $$
declare
  refusal constant text := app.user_take(p_user_id);
begin
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  perform app.methods_drop(p_user_id), app.user_shut_out(p_user_id);
  perform app.event('user_reset', p_user_id, app.said(p_reason));
  return app.user_reply(p_user_id);
end
$$;

-- Ends a user's launches and sessions. Returns 204, or not_found.
create or replace function app.user_sessions_end(p_user_id uuid) returns api.reply language plpgsql as $$
declare
  ended integer;
begin
  if app.user_take(p_user_id) = 'not_found' then
    return app.refuse('not_found');
  end if;
  ended := app.user_sign_out(p_user_id);
  perform app.event('user_sessions_ended', p_user_id, (coalesce(app.said()::jsonb, '{}') || jsonb_build_object('sessions', ended))::json);
  return app.ok(204);
end
$$;

-- -------------------------------------------------------------------------------------------- the platform's door

-- The platform lists a store's users, oldest first; with p_q, those that it finds (app.users_by_text). Returns 200 with items and next_cursor, or
-- not_found, or body_invalid at ?cursor.
create or replace function api.user_list(p_limit bigint, p_after uuid, p_q text, p_state text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  return app.users_page(p_limit, p_after, p_q, p_state);
end
$$;

-- The platform reads a user. Returns 200 with the user and its etag, or not_found.
create or replace function api.user_read(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  return app.user_reply(p_user_id);
end
$$;

-- The platform locks a user. Returns as app.user_lock.
create or replace function api.user_lock(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('user_lock');
  if reply.replayed is not null then
    return reply;
  end if;
  return app.idem_end('user_lock', app.user_lock(p_user_id, p_reason));
end
$$;

-- The platform unlocks a user. Returns as app.user_unlock.
create or replace function api.user_unlock(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('user_unlock');
  if reply.replayed is not null then
    return reply;
  end if;
  return app.idem_end('user_unlock', app.user_unlock(p_user_id, p_reason));
end
$$;

-- The platform takes a user's second step away. Returns as app.user_reset.
create or replace function api.user_reset(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('user_reset');
  if reply.replayed is not null then
    return reply;
  end if;
  return app.idem_end('user_reset', app.user_reset(p_user_id, p_reason));
end
$$;

-- The platform ends a user's launches and sessions. Returns 204, or not_found.
create or replace function api.user_sessions_end(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  return app.user_sessions_end(p_user_id);
end
$$;

-- The platform forgets a user's trusted devices. Returns 204, or not_found.
create or replace function api.user_devices_clear(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if app.user_take(p_user_id) = 'not_found' then
    return app.refuse('not_found');
  end if;
  delete from app.devices d where d.tenant_id = app.tenant() and d.user_id = p_user_id;
  perform app.event('user_devices_cleared', p_user_id, app.said());
  return app.ok(204);
end
$$;

-- The platform changes what is not null, if p_if_match is the present etag. A role that is lowered holds for the user's live sessions at once; one that is
-- raised, from the next launch on. Returns 200 with the user, or not_found, user_removed, precondition_required, precondition_failed, last_owner.
create or replace function api.user_change(p_user_id uuid, p_if_match text, p_name text, p_email text, p_role text, p_locale text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not app.tenant_take() then
    return app.refuse('not_found');
  end if;
  refusal := app.user_take(p_user_id);
  if refusal is not null then
    return app.refuse(refusal);
  elsif p_if_match is null then
    return app.refuse('precondition_required');
  elsif p_role <> 'owner' and app.is_last_owner(p_user_id) then
    return app.refuse('last_owner');
  end if;
  update app.users u
     set name = coalesce(p_name, u.name), email = coalesce(p_email, u.email), role = coalesce(p_role, u.role), locale = coalesce(p_locale, u.locale),
         version = u.version + 1
   where u.tenant_id = app.tenant() and u.user_id = p_user_id and p_if_match in ('"' || u.version || '"', '*');
  if not found then
    return app.refuse('precondition_failed');
  end if;
  update app.sessions s set role = p_role
   where s.tenant_id = app.tenant() and s.user_id = p_user_id and p_role is not null
     and app.role_rank(s.role) > app.role_rank(p_role);
  perform app.event('user_changed', p_user_id, json_strip_nulls(json_build_object(
    'name', p_name, 'email', p_email, 'role', p_role, 'locale', p_locale, 'key', app.said()->>'key')));
  return app.user_reply(p_user_id);
end
$$;

-- The platform removes a user, for good: methods, devices and sessions go, launches are refused, the entry stays for the audit trail. Returns 204 (again
-- when they were removed before), or not_found, last_owner.
create or replace function api.user_remove(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not app.tenant_take() then
    return app.refuse('not_found');
  end if;
  refusal := app.user_take(p_user_id);
  if refusal = 'user_removed' then
    return app.ok(204);
  elsif refusal is not null then
    return app.refuse(refusal);
  elsif app.is_last_owner(p_user_id) then
    return app.refuse('last_owner');
  end if;
  update app.users u set removed_at = now(), version = u.version + 1 where u.tenant_id = app.tenant() and u.user_id = p_user_id;
  delete from app.bypasses b where b.tenant_id = app.tenant() and b.user_id = p_user_id;
  perform app.methods_drop(p_user_id), app.user_shut_out(p_user_id);
  perform app.event('user_removed', p_user_id, app.said());
  return app.ok(204);
end
$$;
