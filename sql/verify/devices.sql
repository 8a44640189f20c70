-- Verify tillgate:devices on pg
begin;
select tenant_id, user_id, device_hash, device_id, name, created_at, last_used_at, expires_at from app.devices where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.devices'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.devices'::regclass;
rollback;
