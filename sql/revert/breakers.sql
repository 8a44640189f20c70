-- Revert tillgate:breakers from pg
begin;
drop table app.roll_ups, app.probes, app.country_days, app.conversions, app.breakers;
commit;
