-- The ledger: how a line is hashed, and its feed.

-- What the first line's prev_hash is: SHA-256 of "tillgate ledger 1|" and the store's id as it is written outside.
create or replace function app.ledger_root(p_tenant_id uuid) returns bytea language sql immutable
return sha256(convert_to('tillgate ledger 1|' || app.typeid('tenant', p_tenant_id), 'utf8'));

-- The text of a line, made of nothing but what the feed shows of it: line|at|send|kind|micros|country|purpose. Its hash is
-- SHA-256 of the 32 bytes of prev_hash and this text in UTF-8.
create or replace function app.ledger_text(p_line bigint, p_at timestamptz, p_send_id uuid, p_kind text, p_micros bigint, p_country text, p_purpose text)
returns text language sql stable
return p_line || '|' || app.time(p_at) || '|' || app.typeid('send', p_send_id) || '|' || p_kind || '|' || p_micros || '|' || p_country || '|' || p_purpose;

-- The platform reads a store's ledger from after line p_after. Returns 200 with items and next_cursor (a line number), or not_found.
create or replace function api.ledger_list(p_limit bigint, p_after bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  -- not within the query: to row-level security coalesce() might leak, and so would not be looked up in the index
  after bigint := coalesce(p_after, 0);
  page json;
begin
  if not app.entered('platform') then
    return app.refuse('key_refused');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant()) then
    return app.refuse('not_found');
  end if;
  select json_build_object(
           'items', coalesce(json_agg(json_build_object(
             'line', l.line, 'at', app.time(l.at), 'send', app.typeid('send', l.send_id), 'kind', l.kind, 'micros', l.micros, 'country', l.country,
             'purpose', l.purpose, 'prev_hash', encode(l.prev_hash, 'hex'), 'hash', encode(l.hash, 'hex')) order by l.line)
             filter (where l.n <= p_limit), '[]'::json),
           'next_cursor', case when count(*) > p_limit then max(l.line::text) filter (where l.n = p_limit) end)
    into page
    from (select x.*, row_number() over (order by x.line) as n
            from app.ledger x
           where x.tenant_id = app.tenant() and x.line > after
           order by x.line
           limit p_limit + 1) l;
  return app.ok(200, page);
end
$$;
