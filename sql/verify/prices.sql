-- Verify tillgate:prices on pg
begin;
select country, price_micros, currency, source, synced_at from app.prices where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.prices'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.prices'::regclass;
rollback;
