-- Revert tillgate:challenges from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.challenges cascade;
commit;
