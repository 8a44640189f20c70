-- What the operator's subcommands call, as role tillgate_operator: keys of the platform's backend. There is no enter: who
-- may log in as that role is the operator.

-- The operator makes a platform key. Returns the key, without its text.
create or replace function operator.platform_key_create(p_key_id uuid, p_name text, p_mode text, p_key_hash bytea, p_prefix text)
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  insert into app.platform_keys (key_id, key_hash, name, mode, prefix) values (p_key_id, p_key_hash, p_name, p_mode, p_prefix);
  return app.key_json(p_key_id, p_name, p_prefix, p_mode, now(), null, null);
end
$$;

-- The operator lists all platform keys, revoked ones too. Returns {items}.
create or replace function operator.platform_key_list()
returns json language plpgsql security definer set search_path = '' as $$
begin
  perform app.unpin();
  perform set_config('app.caller', 'operator', true);
  return (select json_build_object('items', coalesce(json_agg(
                   app.key_json(k.key_id, k.name, k.prefix, k.mode, k.created_at, k.last_used_at, k.revoked_at) order by k.key_id), '[]'::json))
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
  return app.key_json(revoked.key_id, revoked.name, revoked.prefix, revoked.mode, revoked.created_at, revoked.last_used_at, revoked.revoked_at);
end
$$;

-- The operator looks through the ledger of one store, or of all (null). Names the first bad line of each: gap (a line is missing), altered (its hash is not that
-- of its text), reordered (it does not follow the line before it), truncated (the last line there ever was is not there). Repairs nothing. Returns {ok, items}
-- with one item per store: {tenant, lines, ok, line, why}.
create or replace function operator.ledger_verify(p_tenant_id uuid)
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
    ), stores as (
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
    )
    select json_build_object(
             'ok', coalesce(bool_and(s.why is null), true),
             'items', coalesce(json_agg(json_build_object('tenant', app.typeid('tenant', s.tenant_id), 'lines', s.lines, 'ok', s.why is null,
                                                          'line', s.line, 'why', s.why) order by s.tenant_id), '[]'::json))
      from stores s);
end
$$;

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
