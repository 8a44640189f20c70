-- Verify tillgate:suppressions on pg
begin;
select platform_index, reason, strikes, until from app.suppressions where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.suppressions'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.suppressions'::regclass;
rollback;
