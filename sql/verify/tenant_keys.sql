-- Verify tillgate:tenant_keys on pg
begin;
select tenant_id, key_id, key_hash, name, mode, prefix, scopes, expires_at, replaced_by, created_at, last_used_at, revoked_at from app.tenant_keys where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.tenant_keys'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.tenant_keys'::regclass;
rollback;
