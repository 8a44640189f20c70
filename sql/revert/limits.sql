-- Revert tillgate:limits from pg
-- cascade: functions that take rows of them; sql/apply makes them again
begin;
drop type app.rules cascade;
drop table app.stops, app.platform_limits, app.country_limits, app.tenant_limits cascade;
commit;
