-- Revert tillgate:spent from pg
begin;
drop policy jobs_add on app.events;
revoke insert on app.events from tillgate_jobs;
drop view app.platform_spent;
drop table app.budget_alerts, app.platform_slots, app.spent_countries, app.spent;
commit;
