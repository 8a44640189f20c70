-- What the operator's subcommands call, as role tillgate_operator: keys of the platform's backend. There is no enter: who
-- may log in as that role is the operator.

-- The JSON of one platform key; never its secret.
create or replace function app.platform_key_json(p_key app.platform_keys) returns json language plpgsql stable as $$
begin
  return json_build_object(
    'id', app.typeid('key', p_key.key_id), 'name', p_key.name, 'prefix', p_key.prefix, 'mode', p_key.mode, 'scopes', to_json(p_key.scopes),
    'created_at', app.time(p_key.created_at), 'last_used_at', app.time(p_key.last_used_at), 'revoked_at', app.time(p_key.revoked_at));
end
$$;

-- The operator makes a platform key that may do p_scopes. Returns the key, without its text.
create or replace function operator.platform_key_create(p_key_id uuid, p_name text, p_mode text, p_key_hash bytea, p_prefix text, p_scopes json)
returns json language plpgsql security definer set search_path = '' as $$
declare
  made app.platform_keys;
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  insert into app.platform_keys (key_id, key_hash, name, mode, prefix, scopes)
  values (p_key_id, p_key_hash, p_name, p_mode, p_prefix, app.strings(p_scopes))
  returning * into made;
  return app.platform_key_json(made);
end
$$;

-- The operator lists all platform keys, revoked ones too. Returns {items}.
create or replace function operator.platform_key_list()
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  return (select json_build_object('items', coalesce(json_agg(
                   app.platform_key_json(k) order by k.key_id), '[]'::json))
            from app.platform_keys k);
end
$$;

-- The operator revokes a platform key; it is refused from the next call on. Returns the key (again when it was revoked before), or null
-- when there is none.
create or replace function operator.platform_key_revoke(p_key_id uuid)
returns json language plpgsql security definer set search_path = '' as $$
declare
  revoked app.platform_keys;
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  update app.platform_keys k set revoked_at = coalesce(k.revoked_at, now()) where k.key_id = p_key_id
  returning * into revoked;
  if not found then
    return null;
  end if;
  return app.platform_key_json(revoked);
end
$$;

-- The anchors of p_anchors, [{tenant, line, hash, at}] as the server wrote them to its log, that are of p_tenant_id.
create or replace function app.anchors_of(p_anchors text, p_tenant_id uuid) returns table (line bigint, hash bytea, at timestamptz) language plpgsql stable as $$
begin
  return query
    select a.line, decode(a.hash, 'hex'), a.at from jsonb_to_recordset(p_anchors::jsonb) a (tenant text, line bigint, hash text, at timestamptz)
     where a.tenant = app.typeid('tenant', p_tenant_id) order by a.line;
end
$$;

-- The operator looks through the ledger of one store, or of all (null). Names the first bad line of each: gap (a line is missing), altered (its hash is not that
-- of its text), reordered (it does not follow the line before it), truncated (the last line there ever was is not there), replaced (it is not the one that the log
-- knows, p_anchors). Repairs nothing. Returns {ok, items} with one item per store: {tenant, lines, ok, line, why}.
create or replace function operator.ledger_verify(p_tenant_id uuid, p_anchors text default null)
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  return (
    with linked as (
      select l.*, lag(l.line, 1, 0::bigint) over w as line_before, lag(l.hash) over w as hash_before
        from app.ledger l
       where p_tenant_id is null or l.tenant_id = p_tenant_id
      window w as (partition by l.tenant_id order by l.line)
    ), judged as (
      select k.tenant_id, k.line, k.hash,
             case when k.line <> k.line_before + 1 then 'gap'
                  when k.prev_hash <> coalesce(k.hash_before, app.ledger_root(k.tenant_id)) then 'reordered'
                  when k.hash <> sha256(k.prev_hash || convert_to(app.ledger_text(k.line, k.at, k.send_id, k.kind, k.micros, k.country, k.purpose), 'utf8'))
                    then 'altered' end as why,
             k.line_before
        from linked k
    ), chains as (
      select coalesce(j.tenant_id, h.tenant_id) as tenant_id, coalesce(j.lines, 0) as lines,
             coalesce(j.line, case when coalesce(j.lines, 0) = 0 or j.last < h.line then coalesce(j.last, 0) + 1
                                   when j.last > h.line or h.hash is null or j.last_hash <> h.hash then j.last end) as line,
             coalesce(j.why, case when coalesce(j.lines, 0) = 0 or j.last < h.line then 'truncated'
                                  when j.last > h.line or h.hash is null or j.last_hash <> h.hash then 'altered' end) as why
        from (select x.tenant_id, count(*) as lines, max(x.line) as last,
                     (array_agg(x.hash order by x.line desc))[1] as last_hash,
                     (array_agg(case x.why when 'gap' then x.line_before + 1 else x.line end order by x.line) filter (where x.why is not null))[1] as line,
                     (array_agg(x.why order by x.line) filter (where x.why is not null))[1] as why
                from judged x group by x.tenant_id) j
        full join (select * from app.ledger_heads g where p_tenant_id is null or g.tenant_id = p_tenant_id) h on h.tenant_id = j.tenant_id
    ), stores as (
      select t.tenant_id, coalesce(c.lines, 0) as lines, coalesce(c.line, w.line) as line, coalesce(c.why, w.why) as why
        from (select x.tenant_id from chains x
              union select x.tenant_id from app.tenants x where p_anchors is not null and (p_tenant_id is null or x.tenant_id = p_tenant_id)) t
        left join chains c on c.tenant_id = t.tenant_id
        left join lateral (
          select least(a.line, coalesce(c.lines, 0) + 1) as line, case when l.line is null then 'truncated' else 'replaced' end as why
            from app.anchors_of(p_anchors, t.tenant_id) a
            left join app.ledger l on l.tenant_id = t.tenant_id and l.line = a.line
           where l.hash is distinct from a.hash
           order by a.line limit 1) w on true
       where c.tenant_id is not null or w.line is not null
    )
    select json_build_object(
             'ok', coalesce(bool_and(s.why is null), true),
             'items', coalesce(json_agg(json_build_object('tenant', app.typeid('tenant', s.tenant_id), 'lines', s.lines, 'ok', s.why is null,
                                                          'line', s.line, 'why', s.why) order by s.tenant_id), '[]'::json))
      from stores s);
end
$$;

-- The operator looks through the audit trail of one store, or of all (null). Names the first bad line of each: gap, altered, reordered, truncated, replaced as
-- above; stripped (what is personal in it is gone, though nobody erased the user); expired early (removed before its 400 days were over). Repairs nothing.
-- Returns {ok, items} with one item per store that has events: {tenant, lines, ok, line, why}.
create or replace function operator.audit_verify(p_tenant_id uuid, p_anchors text default null)
returns json language plpgsql security definer set search_path = '' as $$
declare
  store uuid;
  verdict json;
  verdicts jsonb := jsonb_build_array();
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  for store in
    select x.tenant_id from (select h.tenant_id from app.event_heads h union select t.tenant_id from app.tenants t) x
     where p_tenant_id is null or x.tenant_id = p_tenant_id order by 1
  loop
    verdict := app.audit_judge(store, p_anchors);
    if verdict is not null then
      verdicts := verdicts || verdict::jsonb;
    end if;
  end loop;
  return json_build_object('ok', not verdicts @> '[{"ok": false}]', 'items', verdicts);
end
$$;

-- The same for one store; null when it never had an event. Reads every line in its order, until one is bad.
create or replace function app.audit_judge(p_tenant_id uuid, p_anchors text) returns json language plpgsql stable as $$
declare
  head app.event_heads;
  erased constant uuid[] := array(select e.user_id from app.event_lines e where e.tenant_id = p_tenant_id and e.kind = 'user_erased');
  up_to bigint;
  hash bytea;
  lines bigint := 0;
  why text;
  l record;
begin
  select * into head from app.event_heads h where h.tenant_id = p_tenant_id;
  up_to := coalesce(head.floor_line, 0);
  hash := coalesce(head.floor_hash, app.event_root(p_tenant_id));
  for l in
    select e.*, p.salt, p.person
      from app.event_lines e left join app.event_people p on p.tenant_id = e.tenant_id and p.event_id = e.event_id
     where e.tenant_id = p_tenant_id order by e.line
  loop
    why := case
      when l.line <> up_to + 1 then 'gap'
      when l.prev_hash <> hash then 'reordered'
      when l.hash <> sha256(l.prev_hash || convert_to(app.event_text(l.line, l.at, l.event_id, l.kind, l.user_id, l.actor_id, l.caller, l.request_id,
                                                                    l.person_hash, l.detail), 'utf8')) then 'altered'
      when l.person is not null and l.person_hash is distinct from app.event_person_hash(l.salt, l.person) then 'altered'
      when l.person is null and l.person_hash is not null and not coalesce(l.user_id = any (erased), false) and not coalesce(l.actor_id = any (erased), false)
        then 'stripped' end;
    if why is not null then
      return app.verdict(p_tenant_id, lines, case why when 'gap' then up_to + 1 else l.line end, why);
    end if;
    up_to := l.line;
    hash := l.hash;
    lines := lines + 1;
  end loop;
  select x.line, x.why into l from app.audit_ends(head, p_tenant_id, up_to, hash, p_anchors) x order by x.line limit 1;
  if l.line is null and lines = 0 and head.tenant_id is null then
    return null;
  end if;
  return app.verdict(p_tenant_id, lines, l.line, l.why);
end
$$;

-- What is wrong with the ends of a chain whose lines are good from the floor to p_line: against its head, and against what the log knows. What was removed for its
-- age was told in the chain itself.
create or replace function app.audit_ends(p_head app.event_heads, p_tenant_id uuid, p_line bigint, p_hash bytea, p_anchors text)
returns table (line bigint, why text) language plpgsql stable as $$
begin
  return query
    select p_line + 1, 'truncated' where p_line < p_head.line
    union all
    select p_line, 'altered' where p_line > p_head.line or (p_line > 0 and p_head.line is null) or (p_line = p_head.line and p_hash <> p_head.hash)
    union all
    select p_head.floor_line + 1, 'gap'
     where p_head.floor_line > 0
       and not exists (select from app.events e
                        where e.tenant_id = p_tenant_id and e.kind = 'events_expired' and e.caller = 'system' and (e.detail->>'line')::bigint = p_head.floor_line
                          and e.detail->>'hash' = encode(p_head.floor_hash, 'hex'))
    union all
    select least(a.line, p_line + 1), case when a.line > p_line then 'truncated' when a.line <= coalesce(p_head.floor_line, 0) then 'expired early' else 'replaced' end
      from app.anchors_of(p_anchors, p_tenant_id) a
      left join app.event_lines l on l.tenant_id = p_tenant_id and l.line = a.line
     where l.hash is distinct from a.hash
       and (a.line > coalesce(p_head.floor_line, 0) or a.at > now() - interval '400 days');
end
$$;

-- One item of a verification; p_why null: all is well.
create or replace function app.verdict(p_tenant_id uuid, p_lines bigint, p_line bigint, p_why text) returns json language sql immutable
return json_build_object('tenant', app.typeid('tenant', p_tenant_id), 'lines', p_lines, 'ok', p_why is null, 'line', p_line, 'why', p_why);

-- The operator lists the prices. Returns {items: [{country, price_micros, currency, source, synced_at}]}.
create or replace function operator.prices_list()
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  return (select json_build_object('items', coalesce(json_agg(json_build_object(
                   'country', p.country, 'price_micros', p.price_micros, 'currency', p.currency, 'source', p.source,
                   'synced_at', app.time(p.synced_at)) order by p.country), '[]'::json))
            from app.prices p);
end
$$;

-- The operator's synchronisation of prices, [{country, price_micros}]. Returns {taken}, or {problem: "/currency" or "/prices"}.
create or replace function operator.prices_put(p_currency text, p_prices json)
returns json language plpgsql security definer set search_path = '' as $$
declare
  put record;
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  select * into put from app.prices_put(p_prices, p_currency);
  return json_strip_nulls(json_build_object('taken', put.taken, 'problem', put.problem));
end
$$;

-- The operator says which currency the platform's money is of; before the first price is taken from the provider. Returns {currency}, or {problem}.
create or replace function operator.currency_set(p_currency text)
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  if p_currency !~ '^[A-Z]{3}$' then
    return json_build_object('problem', '/currency');
  end if;
  update app.platform_limits f set currency = p_currency, version = f.version + 1, updated_at = now()
   where f.currency <> p_currency and not exists (select from app.prices p where p.source = 'twilio');
  return (select json_build_object('currency', f.currency) from app.platform_limits f);
end
$$;
