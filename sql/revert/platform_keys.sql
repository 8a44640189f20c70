-- Revert tillgate:platform_keys from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.platform_keys cascade;
commit;
