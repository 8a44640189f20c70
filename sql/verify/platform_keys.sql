-- Verify tillgate:platform_keys on pg
begin;
select key_id, key_hash, name, mode, prefix, scopes, created_at, last_used_at, revoked_at from app.platform_keys where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.platform_keys'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.platform_keys'::regclass;
rollback;
