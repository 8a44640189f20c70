-- Revert tillgate:tenant_keys from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.tenant_keys cascade;
commit;
