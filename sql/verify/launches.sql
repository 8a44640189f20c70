-- Verify tillgate:launches on pg
begin;
select tenant_id, launch_id, user_id, ticket_hash, state, role, mode, destination, return_url, created_at, expires_at from app.launches where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.launches'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.launches'::regclass;
rollback;
