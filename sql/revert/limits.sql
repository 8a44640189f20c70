-- Revert tillgate:limits from pg
begin;
-- cascade: functions that take the type; sql/apply makes them again
drop type app.rules cascade;
drop table app.stops, app.platform_limits, app.country_limits, app.tenant_limits;
commit;
