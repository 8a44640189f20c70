-- Revert tillgate:phones from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.phones cascade;
commit;
