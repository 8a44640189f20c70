-- Revert tillgate:breakers from pg
begin;
drop table app.roll_ups, app.conversions, app.breakers;
commit;
