-- A copy of the measured database in which the layers of money and fraud are lifted from the send decision; the rest stays: enter, methods, geo, suppression, the
-- windows by phone, user, address and range, challenge and text. Lifted are: stop, price and breaker look-ups (send_rules), budgets of country, store and
-- platform, the ramp, what nobody has answered yet (spend_limits), and the line of the ledger (ledger_add).
\set ON_ERROR_STOP on
set role tillgate_owner;

create or replace function app.send_rules(p_tenant_id uuid, p_country text, p_range text, p_platform_index bytea)
returns setof app.rules language sql stable rows 1 as $$
  select t.sms_countries, t.code_life_seconds, t.country, null::integer, 0::bigint, 0::bigint, 0, null::bigint, '{}'::text[], null::bigint, 0::bigint,
         false, 0::bigint, 0::bigint, 0, null::text,
         exists (select from app.suppressions s where s.platform_index = p_platform_index and s.until > now()),
         null::text, 0::bigint, 0::bigint, 0
    from app.tenants t
   where t.tenant_id = p_tenant_id
$$;

-- The other two keep whatever arguments they have; only their bodies go.
do $$
declare
  lifted record;
begin
  for lifted in
    select p.proname, pg_get_function_arguments(p.oid) as arguments,
           case p.proname when 'spend_limits' then 'begin perform app.spend_velocity(p_phone, p_rules.shadow); end' else 'begin end' end as body
      from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname in ('spend_limits', 'ledger_add')
  loop
    execute format('create or replace function app.%I(%s) returns void language plpgsql as %L', lifted.proname, lifted.arguments, lifted.body);
  end loop;
end
$$;
