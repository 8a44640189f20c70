-- Revert tillgate:prices from pg
begin;
drop table app.prices;
drop domain app.percent, app.country, app.micros;
commit;
