-- Revert tillgate:spent from pg
begin;
drop view app.platform_spent;
drop table app.budget_alerts, app.platform_slots, app.spent_countries, app.spent;
commit;
