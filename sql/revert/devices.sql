-- Revert tillgate:devices from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.devices cascade;
commit;
