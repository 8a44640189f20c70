-- Verify tillgate:usage on pg
begin;
select tenant_id, day, country, purpose, outcome, sends, verified, micros from app.usage where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.usage'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.usage'::regclass;
rollback;
