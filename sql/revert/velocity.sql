-- Revert tillgate:velocity from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.ranges cascade;
drop table app.velocity cascade;
commit;
