-- Verify tillgate:sessions_amr on pg
begin;
select amr, auth_at from app.sessions where false;
rollback;
