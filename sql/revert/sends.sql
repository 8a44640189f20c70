-- Revert tillgate:sends from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.sends cascade;
commit;
