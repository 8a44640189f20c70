-- Revert tillgate:spent from pg
begin;
drop policy jobs_add on app.events;
revoke insert on app.events from tillgate_jobs;
drop table app.budget_alerts, app.platform_spent, app.spent_countries, app.spent;
commit;
