-- Verify tillgate:phones on pg
begin;
select tenant_id, user_id, phone_id, state, number_sealed, tenant_index, platform_index, country, type, range, hint, consent_version, consent_address, created_at, verified_at from app.phones where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.phones'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.phones'::regclass;
rollback;
