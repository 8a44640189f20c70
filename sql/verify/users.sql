-- Verify tillgate:users on pg
begin;
select tenant_id, user_id, external_id, email, name, role, locale, preferred_method, wrong_codes, lock_level, locked_until, sms_wrong, authenticator_wrong, backup_code_wrong, locked_at, lock_reason, removed_at, signed_out_at, last_signed_in_at, version, search_name, search_email, search_external_id, created_at from app.users where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.users'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.users'::regclass;
rollback;
