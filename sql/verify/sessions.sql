-- Verify tillgate:sessions on pg
begin;
select tenant_id, user_id, token_hash, session_id, state, role, mode, second_step_at, change_until, destination, return_url, user_agent, address, created_at, seen_at, expires_at from app.sessions where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.sessions'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.sessions'::regclass;
rollback;
