-- Revert tillgate:backup_codes from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.backup_codes cascade;
commit;
