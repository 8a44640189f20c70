-- Verify tillgate:sends on pg
begin;
select tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, state, fence, attempts, checks, due_at, sid, error_code, reason, created_at, posted_at, moved_at from app.sends where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.sends'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.sends'::regclass;
rollback;
