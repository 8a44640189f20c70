-- Revert tillgate:exports from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.export_parts, app.exports cascade;
commit;
