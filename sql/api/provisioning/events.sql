-- The audit trail: what of an event is personal, and how a line is hashed.

-- Members of an event's detail that may say who somebody is. They go with the user when he is erased; the line that is hashed does without them.
create or replace function app.event_personal() returns text[] language sql immutable
return array['to', 'name', 'email', 'external_id', 'number', 'hint', 'by', 'approved_by', 'reason', 'user_agent', 'address', 'account', 'subject'];

-- The personal part of an event: its address and those members; null when there are none.
create or replace function app.event_person(p_address text, p_detail jsonb) returns jsonb language plpgsql immutable as $$
begin
  return nullif(coalesce((select jsonb_object_agg(d.key, d.value) from jsonb_each(p_detail) d where d.key = any (app.event_personal())), '{}')
                || jsonb_strip_nulls(jsonb_build_object('address', p_address)), '{}');
end
$$;

-- What stands for it in the line: SHA-256 of the 16 bytes of salt and the part as Postgres writes jsonb (keys by length, then by byte; ", " and ": ").
create or replace function app.event_person_hash(p_salt bytea, p_person jsonb) returns bytea language sql immutable
return sha256(p_salt || convert_to(p_person::text, 'utf8'));

-- What the first line's prev_hash is: SHA-256 of "tillgate events 1|" and the store's id as it is written outside.
create or replace function app.event_root(p_tenant_id uuid) returns bytea language sql immutable
return sha256(convert_to('tillgate events 1|' || app.typeid('tenant', p_tenant_id), 'utf8'));

-- The text of a line: line|at|id|kind|user|actor|caller|request|person_hash|detail, each as lists show it and empty when null; detail without what is personal, as
-- Postgres writes jsonb. Its hash is SHA-256 of the 32 bytes of prev_hash and this text in UTF-8.
create or replace function app.event_text(p_line bigint, p_at timestamptz, p_event_id uuid, p_kind text, p_user_id uuid, p_actor_id uuid, p_caller text,
                                          p_request_id uuid, p_person_hash bytea, p_detail jsonb)
returns text language sql stable
return p_line || '|' || app.time(p_at) || '|' || app.typeid('event', p_event_id) || '|' || p_kind || '|' || coalesce(app.typeid('user', p_user_id), '') || '|'
  || coalesce(app.typeid('user', p_actor_id), '') || '|' || p_caller || '|' || app.typeid('request', p_request_id) || '|'
  || coalesce(encode(p_person_hash, 'hex'), '') || '|' || coalesce(p_detail::text, '');

-- ------------------------------------------------------------------------------------------------------------ lists

-- The newest p_count events below p_below and from p_from on, of a kind, of a user, or of both; null: of all. A statement for each, because each has an index
-- of its own. What waits for its line is little, and looked through.
create or replace function app.event_ids(p_tenant_id uuid, p_count bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid) returns uuid[]
language plpgsql stable as $$
declare
  below constant uuid := coalesce(p_below, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  first constant uuid := coalesce(p_from, '00000000-0000-0000-0000-000000000000');
  waiting constant uuid[] := array(
    select e.event_id from app.event_entries e
     where e.tenant_id = p_tenant_id and e.event_id < below and e.event_id >= first
       and (p_kind is null or e.kind = p_kind) and (p_user_id is null or e.user_id = p_user_id)
     order by e.event_id desc limit p_count);
begin
  return waiting || case
    when p_kind is null and p_user_id is null then array(
      select l.event_id from app.event_lines l
       where l.tenant_id = p_tenant_id and l.event_id < below and l.event_id >= first
       order by l.event_id desc limit p_count)
    when p_user_id is null then array(
      select l.event_id from app.event_lines l
       where l.tenant_id = p_tenant_id and l.kind = p_kind and l.event_id < below and l.event_id >= first
       order by l.event_id desc limit p_count)
    when p_kind is null then array(
      select l.event_id from app.event_lines l
       where l.tenant_id = p_tenant_id and l.user_id = p_user_id and l.event_id < below and l.event_id >= first
       order by l.event_id desc limit p_count)
    else array(
      select l.event_id from app.event_lines l
       where l.tenant_id = p_tenant_id and l.user_id = p_user_id and l.kind = p_kind and l.event_id < below and l.event_id >= first
       order by l.event_id desc limit p_count) end;
end
$$;

-- The kinds of the store's events that begin with p_q, at most 100: one step in the index for each.
create or replace function app.event_kinds(p_tenant_id uuid, p_q text) returns text[] language plpgsql stable as $$
declare
  found_kinds text[] := array(select distinct e.kind from app.event_entries e where e.tenant_id = p_tenant_id and starts_with(e.kind, p_q) limit 100);
  next_kind text collate "C";
begin
  select l.kind into next_kind from app.event_lines l where l.tenant_id = p_tenant_id and l.kind >= p_q order by l.kind limit 1;
  while starts_with(next_kind, p_q) and cardinality(found_kinds) < 100 loop
    found_kinds := found_kinds || next_kind;
    select l.kind into next_kind from app.event_lines l where l.tenant_id = p_tenant_id and l.kind > next_kind order by l.kind limit 1;
  end loop;
  return found_kinds;
end
$$;

-- The same with a search: events whose kind begins with p_q, or whose user is among the first 20 whose name, e-mail or external id does. Each part is found by
-- its index, so that a search costs no more than these 120 looks.
create or replace function app.event_ids_found(p_tenant_id uuid, p_count bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid, p_q text)
returns uuid[] language plpgsql stable as $$
declare
  ids uuid[] := array[]::uuid[];
  kind text;
  person uuid;
begin
  foreach kind in array app.event_kinds(p_tenant_id, lower(p_q)) loop
    if p_kind is null or p_kind = kind then
      ids := ids || app.event_ids(p_tenant_id, p_count, p_below, p_from, kind, p_user_id);
    end if;
  end loop;
  foreach person in array app.users_by_text(p_tenant_id, 20, null, null, p_q) loop
    if p_user_id is null or p_user_id = person then
      ids := ids || app.event_ids(p_tenant_id, p_count, p_below, p_from, p_kind, person);
    end if;
  end loop;
  return ids;
end
$$;

-- The JSON list of those events, in that order; p_names: with the users' names. Each "limit 1" makes its table be looked up by key, once for each event: in a
-- plan that must do for every store a plain join reads the store's whole trail, because most stores have next to none.
create or replace function app.events_json(p_tenant_id uuid, p_ids uuid[], p_names boolean) returns json language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(case when p_names then (i.item || jsonb_build_object('user_name', i.name, 'actor_name', i.actor))::json else i.item::json end order by i.n), '[]'::json)
      from (select d.n, u.name, a.name as actor, jsonb_build_object(
                     'id', app.typeid('event', d.event_id), 'line', l.line, 'at', app.time(coalesce(l.at, e.at)), 'kind', coalesce(l.kind, e.kind),
                     'user', app.typeid('user', coalesce(l.user_id, e.user_id)), 'actor', app.typeid('user', coalesce(l.actor_id, e.actor_id)),
                     'caller', coalesce(l.caller, e.caller), 'address', coalesce(p.person->>'address', e.address),
                     'request_id', app.typeid('request', coalesce(l.request_id, e.request_id)),
                     'detail', coalesce(l.detail, e.detail, '{}') || coalesce(p.person - 'address', '{}')) as item
              from unnest(p_ids) with ordinality as d (event_id, n)
              left join lateral (select * from app.event_lines x where x.tenant_id = p_tenant_id and x.event_id = d.event_id limit 1) l on true
              left join lateral (select * from app.event_people x where x.tenant_id = p_tenant_id and x.event_id = d.event_id limit 1) p on true
              left join lateral (select * from app.event_entries x where l.event_id is null and x.tenant_id = p_tenant_id and x.event_id = d.event_id limit 1) e on true
              left join lateral (select x.name from app.users x
                                  where p_names and x.tenant_id = p_tenant_id and x.user_id = coalesce(l.user_id, e.user_id) limit 1) u on true
              left join lateral (select x.name from app.users x
                                  where p_names and x.tenant_id = p_tenant_id and x.user_id = coalesce(l.actor_id, e.actor_id) limit 1) a on true
             where coalesce(l.event_id, e.event_id) is not null) i);
end
$$;

-- One page of the pinned store's events, newest first; of p_kind's kinds, if it names some (commas between them). Returns 200 with {items, next_cursor}.
create or replace function app.events_page(p_limit bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid, p_q text, p_names boolean)
returns api.reply language plpgsql stable as $$
declare
  ids uuid[];
  shown uuid[];
begin
  -- one more than asked for tells whether there is a next page
  ids := array(
    select distinct x.event_id
      from unnest(coalesce(string_to_array(p_kind, ','), array[null])) as k (kind)
     cross join unnest(case when p_q is null then app.event_ids(app.tenant(), p_limit + 1, p_below, p_from, k.kind, p_user_id)
                            else app.event_ids_found(app.tenant(), p_limit + 1, p_below, p_from, k.kind, p_user_id, p_q) end) as x (event_id)
     order by x.event_id desc limit p_limit + 1);
  shown := ids[1:p_limit::integer];
  return app.ok(200, json_build_object(
    'items', app.events_json(app.tenant(), shown, p_names),
    'next_cursor', case when cardinality(ids) > p_limit then app.typeid('event', shown[p_limit::integer]) end));
end
$$;

-- The platform reads a store's audit trail. p_below and p_from bound the ids. Returns 200 with items and next_cursor, or not_found.
create or replace function api.event_list(p_limit bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid, p_q text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  return app.events_page(p_limit, p_below, p_from, p_kind, p_user_id, p_q, false);
end
$$;
