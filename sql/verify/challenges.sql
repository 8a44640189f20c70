-- Verify tillgate:challenges on pg
begin;
select tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, code_sealed, key_version, state, tries, sends, series, send_id, resend_at, created_at, expires_at, counted from app.challenges where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.challenges'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.challenges'::regclass;
rollback;
