-- Verify tillgate:bypasses on pg
begin;
select tenant_id, user_id, state, reason, hours, requested_by, requested_key, requested_at, approved_by, approved_key, approved_at, expires_at from app.bypasses where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.bypasses'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.bypasses'::regclass;
rollback;
