-- Verify tillgate:backup_codes on pg
begin;
select tenant_id, user_id, macs, created_at from app.backup_codes where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.backup_codes'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.backup_codes'::regclass;
rollback;
