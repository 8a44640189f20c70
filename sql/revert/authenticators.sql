-- Revert tillgate:authenticators from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.authenticators cascade;
commit;
