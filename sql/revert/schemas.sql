-- Revert tillgate:schemas from pg
-- Functions are not sqitch's (sql/apply makes them), so they go with their schemas.
begin;
drop schema jobs cascade;
drop schema operator cascade;
drop schema api cascade;
drop schema app cascade;
alter default privileges for role tillgate_owner grant execute on functions to public;
alter default privileges for role tillgate_jobs grant execute on functions to public;
commit;
