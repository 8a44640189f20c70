-- Verify tillgate:authenticators on pg
begin;
select tenant_id, user_id, authenticator_id, state, secret_sealed, last_step, created_at, expires_at from app.authenticators where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.authenticators'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.authenticators'::regclass;
rollback;
