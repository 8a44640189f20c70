-- Revert tillgate:events from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop view app.events cascade;
drop table app.event_heads, app.event_people, app.event_lines, app.event_entries cascade;
commit;
