-- Revert tillgate:users from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.users cascade;
commit;
