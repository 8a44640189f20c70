-- Exports: what the platform takes away of a store, as lines of JSON {kind, item}. Made by the server's job in batches, each a transaction of its own; the first line
-- (kind export) says what was asked for, the last (kind end) how far the chains go.

-- The JSON of one export; key_version is for C, which makes the link of it.
create or replace function app.export_json(p_export app.exports) returns json language plpgsql stable as $$
declare
  state constant text := case when p_export.state = 'ready' and p_export.expires_at <= now() then 'expired' else p_export.state end;
begin
  return json_build_object(
    'id', app.typeid('export', p_export.export_id), 'state', state, 'reason', p_export.reason, 'kinds', to_json(p_export.kinds),
    'since', app.time(p_export.since), 'until', app.time(p_export.until), 'lines', p_export.lines, 'bytes', p_export.bytes, 'parts', p_export.parts,
    'created_at', app.time(p_export.created_at), 'url_expires_at', case when state = 'ready' then app.time(p_export.expires_at) end,
    'key_version', p_export.key_version);
end
$$;

-- The platform asks for an export. Returns 202 with it; or not_found, too_many_exports (5 are under way or ready).
create or replace function api.export_create(p_export_id uuid, p_kinds json, p_since_ms bigint, p_until_ms bigint, p_secret_hash bytea, p_key_version bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  made app.exports;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('export_create');
  if reply.replayed is not null then
    return reply;
  end if;
  if not app.tenant_take() then
    return app.idem_end('export_create', app.refuse('not_found'));
  elsif (select count(*) from app.exports x
          where x.tenant_id = app.tenant() and (x.state in ('queued', 'running') or (x.state = 'ready' and x.expires_at > now()))) >= 5 then
    return app.idem_end('export_create', app.refuse('too_many_exports'));
  end if;
  insert into app.exports (tenant_id, export_id, kinds, since, until, secret_hash, key_version)
  values (app.tenant(), p_export_id, app.strings(p_kinds), to_timestamp(p_since_ms / 1000.0), to_timestamp(p_until_ms / 1000.0), p_secret_hash, p_key_version)
  returning * into made;
  perform app.event('export_created', p_detail => json_build_object('export', app.typeid('export', p_export_id), 'kinds', p_kinds));
  return app.idem_end('export_create', app.ok(202, app.export_json(made)));
end
$$;

-- The platform reads how far an export is. Returns 200 with it, or not_found.
create or replace function api.export_read(p_export_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  export app.exports;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  select * into export from app.exports x where x.tenant_id = app.tenant() and x.export_id = p_export_id;
  if not found then
    return app.refuse('not_found');
  end if;
  return app.ok(200, app.export_json(export));
end
$$;

-- Anybody with the link reads a part, for an hour; every part read is an event. Returns 200 with {parts} and, as the sealed value, the part's bytes; or not_found.
create or replace function api.export_file(p_export_id uuid, p_secret_hash bytea, p_part bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  piece record;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  select x.parts, p.body into piece
    from app.exports x
    join app.export_parts p on p.tenant_id = x.tenant_id and p.export_id = x.export_id and p.part = p_part
   where x.tenant_id = app.tenant() and x.export_id = p_export_id and x.secret_hash = p_secret_hash and x.state = 'ready' and x.expires_at > now();
  if not found then
    return app.refuse('not_found');
  end if;
  perform app.event('export_taken', p_detail => json_build_object('export', app.typeid('export', p_export_id), 'part', p_part));
  return app.ok(200, json_build_object('parts', piece.parts), null, convert_to(piece.body, 'utf8'));
end
$$;

-- The server's job: exports to be made, oldest first. Returns 200 with [{tenant_id, export_id}].
create or replace function api.exports_due()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.ok(200, jobs.exports_due(10));
end
$$;

-- The server's job writes one batch of an export of the pinned tenant. Returns 200 with {more}.
create or replace function api.export_step(p_export_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  export app.exports;
  batch record;
  ended boolean;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('tillgate.export ' || p_export_id, 0)) then
    return app.ok(200, json_build_object('more', false));
  end if;
  select * into export from app.exports x
   where x.tenant_id = app.tenant() and x.export_id = p_export_id and x.state in ('queued', 'running') for no key update;
  if not found then
    return app.ok(200, json_build_object('more', false));
  end if;
  if export.position is null then
    export := app.export_begin(export);
  end if;
  select * into batch from app.export_batch(export);
  export := app.export_append(export, batch.body, batch.n);
  ended := export.stage > cardinality(export.kinds);
  update app.exports x
     set state = case when export.parts > 2000 then 'failed' when ended then 'ready' else 'running' end,
         reason = case when export.parts > 2000 then 'too_large' end,
         expires_at = case when ended then now() + interval '1 hour' end,
         stage = export.stage + (batch.next is null)::integer, position = batch.next, heads = export.heads,
         lines = export.lines, bytes = export.bytes, parts = export.parts
   where x.tenant_id = app.tenant() and x.export_id = p_export_id;
  if export.parts > 2000 then
    delete from app.export_parts p where p.tenant_id = app.tenant() and p.export_id = p_export_id;
  end if;
  return app.ok(200, json_build_object('more', not ended and export.parts <= 2000));
end
$$;

-- Where a stage begins, and for chains, where it ends: fixed here, because they grow. A range of a chain has no holes, so that it can be verified.
create or replace function app.export_begin(p_export app.exports) returns app.exports language plpgsql stable as $$
declare
  made app.exports := p_export;
  kind constant text := p_export.kinds[p_export.stage];
  from_id constant uuid := app.uuid_of(coalesce(p_export.since, '-infinity'));
  below constant uuid := app.uuid_of(coalesce(p_export.until, 'infinity'));
  first bigint;
  last bigint;
begin
  made.position := '';
  if kind = 'events' then
    first := (select l.line from app.event_lines l where l.tenant_id = app.tenant() and l.event_id >= from_id
               order by l.event_id limit 1);
    last := (select l.line from app.event_lines l where l.tenant_id = app.tenant() and l.event_id < below
              order by l.event_id desc limit 1);
    first := case when p_export.since is null then (select min(l.line) from app.event_lines l where l.tenant_id = app.tenant()) else first end;
    last := case when p_export.until is null then (select max(l.line) from app.event_lines l where l.tenant_id = app.tenant()) else last end;
  elsif kind = 'ledger' then
    select min(l.line) filter (where p_export.since is null or l.at >= p_export.since), max(l.line) filter (where p_export.until is null or l.at < p_export.until)
      into first, last from app.ledger l where l.tenant_id = app.tenant();
  end if;
  if kind in ('events', 'ledger') then
    made.position := (coalesce(first, 1) - 1)::text;
    made.heads := made.heads || jsonb_build_object(kind, jsonb_build_object('line', case when first <= last then last else 0 end));
  end if;
  return made;
end
$$;

-- The least UUIDv7 of that time.
create or replace function app.uuid_of(p_time timestamptz) returns uuid language sql immutable
return case p_time when '-infinity' then '00000000-0000-0000-0000-000000000000' when 'infinity' then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  else (lpad(to_hex((extract(epoch from p_time) * 1000)::bigint), 12, '0') || repeat('0', 20)) end::uuid;

-- The next lines of an export's stage: their text, how many, and behind what the next ones begin; next null: the stage is done.
create or replace function app.export_batch(p_export app.exports, out body text, out n integer, out next text) language plpgsql stable as $$
declare
  kind constant text := p_export.kinds[p_export.stage];
  last constant bigint := (p_export.heads->kind->>'line')::bigint;
  most constant integer := 500;
  -- computed before the queries: inside them they would keep row-level security from using the index
  after constant uuid := case when kind in ('users', 'sends') then coalesce(nullif(p_export.position, ''), '00000000-0000-0000-0000-000000000000')::uuid end;
  first constant uuid := app.uuid_of(coalesce(p_export.since, '-infinity'));
  below constant uuid := app.uuid_of(coalesce(p_export.until, 'infinity'));
  ids uuid[];
begin
  if p_export.stage = 0 then
    body := json_build_object('kind', 'export', 'item', json_build_object(
              'id', app.typeid('export', p_export.export_id), 'tenant', app.typeid('tenant', p_export.tenant_id), 'kinds', to_json(p_export.kinds),
              'since', app.time(p_export.since), 'until', app.time(p_export.until), 'created_at', app.time(p_export.created_at)))::text;
    n := 1;
  elsif kind is null then
    body := json_build_object('kind', 'end', 'item', json_build_object('lines', p_export.lines + 1, 'heads', p_export.heads))::text;
    n := 1;
  elsif kind = 'tenant' then
    select json_build_object('kind', 'tenant', 'item', app.tenant_json(t))::text, 1 into body, n from app.tenants t where t.tenant_id = app.tenant();
  elsif kind = 'users' then
    ids := array(
      select x.user_id from app.users x
       where x.tenant_id = app.tenant() and x.erased_at is null and x.user_id > after
       order by x.user_id limit most);
    select string_agg(json_build_object('kind', 'user', 'item', u.value)::text, e'\n' order by u.n), count(*) into body, n
      from json_array_elements(app.users_json(app.tenant(), ids)) with ordinality u (value, n);
    next := app.export_next(ids[most]::text, cardinality(ids), most);
  elsif kind = 'events' then
    select string_agg(json_build_object('kind', 'event', 'item', json_build_object(
             'line', l.line, 'at', app.time(l.at), 'id', app.typeid('event', l.event_id), 'kind', l.kind, 'user', app.typeid('user', l.user_id),
             'actor', app.typeid('user', l.actor_id), 'caller', l.caller, 'request_id', app.typeid('request', l.request_id), 'detail', l.detail,
             'person_hash', encode(l.person_hash, 'hex'), 'person', p.person, 'salt', encode(p.salt, 'hex'),
             'prev_hash', encode(l.prev_hash, 'hex'), 'hash', encode(l.hash, 'hex')))::text, e'\n' order by l.line),
           count(*), app.export_next(max(l.line)::text, count(*), most)
      into body, n, next
      from (select * from app.event_lines x where x.tenant_id = app.tenant() and x.line > p_export.position::bigint and x.line <= last order by x.line limit most) l
      left join app.event_people p on p.tenant_id = l.tenant_id and p.event_id = l.event_id;
  elsif kind = 'ledger' then
    select string_agg(json_build_object('kind', 'ledger', 'item', json_build_object(
             'line', l.line, 'at', app.time(l.at), 'send', app.typeid('send', l.send_id), 'kind', l.kind, 'micros', l.micros, 'country', l.country,
             'purpose', l.purpose, 'prev_hash', encode(l.prev_hash, 'hex'), 'hash', encode(l.hash, 'hex')))::text, e'\n' order by l.line),
           count(*), app.export_next(max(l.line)::text, count(*), most)
      into body, n, next
      from (select * from app.ledger x where x.tenant_id = app.tenant() and x.line > p_export.position::bigint and x.line <= last order by x.line limit most) l;
  elsif kind = 'sends' then
    select string_agg(json_build_object('kind', 'send', 'item', json_build_object(
             'id', app.typeid('send', s.send_id), 'at', app.time(s.created_at), 'user', app.typeid('user', s.user_id), 'country', s.country, 'purpose', s.purpose,
             'mode', s.mode, 'state', s.state, 'reason', s.reason, 'segments', s.segments, 'micros', s.price_micros, 'money_state', s.money_state))::text,
             e'\n' order by s.send_id), count(*), app.export_next(max(s.send_id::text), count(*), most)
      into body, n, next
      from (select * from app.sends x
             where x.tenant_id = app.tenant() and x.send_id > after and x.send_id >= first and x.send_id < below
             order by x.send_id limit most) s;
  end if;
end
$$;

-- Behind what the next batch begins, if there may be one.
create or replace function app.export_next(p_last text, p_count bigint, p_most integer) returns text language sql immutable
return case when p_count >= p_most then p_last end;

-- Adds lines to the export's last part, or to a new one when that would be more than a megabyte.
create or replace function app.export_append(p_export app.exports, p_body text, p_lines integer) returns app.exports language plpgsql as $$
declare
  made app.exports := p_export;
  body constant text := p_body || e'\n';
begin
  if p_lines is null or p_lines = 0 then
    return made;
  end if;
  update app.export_parts p set body = p.body || append.body
    from (select body as body) append
   where p.tenant_id = made.tenant_id and p.export_id = made.export_id and p.part = made.parts
     and octet_length(p.body) + octet_length(append.body) <= 1048576;
  if not found then
    made.parts := made.parts + 1;
    insert into app.export_parts (tenant_id, export_id, part, body) values (made.tenant_id, made.export_id, made.parts, body);
  end if;
  made.lines := made.lines + p_lines;
  made.bytes := made.bytes + octet_length(body);
  return made;
end
$$;

-- Exports that may hold an erased user are gone at once. Returns how many.
create or replace function app.forget_exports() returns integer language plpgsql as $$
declare
  n integer;
begin
  delete from app.export_parts p using app.exports x
   where x.tenant_id = app.tenant() and x.kinds && array['users', 'events', 'sends'] and p.tenant_id = x.tenant_id and p.export_id = x.export_id;
  update app.exports x set state = 'expired', expires_at = now()
   where x.tenant_id = app.tenant() and x.kinds && array['users', 'events', 'sends'] and x.state in ('queued', 'running', 'ready');
  get diagnostics n = row_count;
  return n;
end
$$;
