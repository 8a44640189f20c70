-- Users of a store: what the platform and the store's owner do to them. The functions of schema app are the core that both share; those of schema
-- api in this file are the platform's door, those in panel/team.sql the owner's.
--
-- A person's lock (locked_at) holds until somebody takes it back; the lock for wrong codes (locked_until) ends by itself. Either shows as state
-- locked. A lock, a removal and a reset end launches, sessions and trusted devices at once: the user's row is locked first and the sessions are
-- deleted last, so that a sign-in under way either came before and its session is deleted, or comes after and finds nothing to prove itself with.

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
             'last_signed_in_at', app.time(u.last_signed_in_at), 'created_at', app.time(u.created_at),
             'bypass', case when b.state is not null then json_build_object(
               'state', b.state, 'by', b.requested_by, 'approved_by', b.approved_by, 'reason', b.reason, 'hours', b.hours,
               'expires_at', app.time(b.expires_at)) end) order by l.n), '[]'::json)
      from unnest(p_users) with ordinality as l (user_id, n)
      join app.users u on u.tenant_id = p_tenant_id and u.user_id = l.user_id
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
