-- What a segment costs by country.

-- Takes the provider's prices: [{country, price_micros}], the highest over the number types that may be used. A country that is not among them keeps
-- the price it has. Returns null and how many were taken; or what is wrong.
create or replace function app.prices_put(p_prices json, p_currency text, out problem text, out taken integer) language plpgsql as $$
begin
  taken := 0;
  if p_currency is distinct from (select f.currency from app.platform_limits f) then
    problem := '/currency';
  elsif exists (select from json_array_elements(p_prices) e
                 where e->>'country' !~ '^[A-Z]{2}$' or (e->>'price_micros')::numeric not between 0 and 100000000
                    or e->>'country' is null or e->>'price_micros' is null) then
    problem := '/prices';
  else
    insert into app.prices as p (country, price_micros, currency, source, synced_at)
    select e->>'country', max((e->>'price_micros')::bigint), p_currency, 'twilio', now()
      from json_array_elements(p_prices) e group by 1 order by 1
    on conflict on constraint prices_pk do update
      set price_micros = excluded.price_micros, currency = excluded.currency, source = excluded.source, synced_at = excluded.synced_at;
    get diagnostics taken = row_count;
  end if;
end
$$;

-- The server's own synchronisation of prices. Returns 200 with {taken}, or body_invalid naming /currency or /prices.
create or replace function api.prices_put(p_currency text, p_prices json)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  put record;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  select * into put from app.prices_put(p_prices, p_currency);
  if put.problem is not null then
    return app.refuse_field('body_invalid', put.problem);
  end if;
  return app.ok(200, json_build_object('taken', put.taken));
end
$$;

-- A worker asks whether it shall read the provider's prices now. One of them is told so every 12 hours; after a failure again in an hour, before the
-- first success every 10 minutes. The row of one country is what they race for. Returns 200 with {due}.
create or replace function api.prices_claim()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.prices p
     set synced_at = case when p.source = 'builtin' then now() else now() - interval '11 hours' end
   where p.country = 'US'
     and p.synced_at <= now() - case when p.source = 'builtin' then interval '10 minutes' else interval '12 hours' end;
  return app.ok(200, json_build_object('due', found));
end
$$;

-- The owner of a number that had opted out texted START: it may be texted again. Returns 204.
create or replace function api.number_opted_in(p_platform_index bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  delete from app.suppressions s where s.platform_index = p_platform_index and s.reason = 'opted_out';
  return app.ok(204);
end
$$;
