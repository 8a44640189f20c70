-- Revert tillgate:launches from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.launches cascade;
commit;
