-- Verify tillgate:events on pg
begin;
select tenant_id, at, request_id, kind, user_id, caller, address, detail from app.events where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.events'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.events'::regclass;
rollback;
