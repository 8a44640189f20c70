-- Revert tillgate:tenants from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.slugs cascade;
drop table app.tenants cascade;
commit;
