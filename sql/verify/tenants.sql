-- Verify tillgate:tenants on pg
begin;
select tenant_id, slug, name, country, locale, status, status_reason, resumes_as, trial_ends_at, restores_as, deleted_at, purge_at, return_origins, sms_countries, code_life_seconds, owner_user_id, version, created_at, updated_at from app.tenants where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.tenants'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.tenants'::regclass;
select slug, tenant_id from app.slugs where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.slugs'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.slugs'::regclass;
rollback;
