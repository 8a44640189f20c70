-- Revert tillgate:webhooks from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.webhook_lanes cascade;
drop table app.deliveries cascade;
drop table app.webhooks cascade;
commit;
