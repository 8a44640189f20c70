-- Revert tillgate:sessions_amr from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
alter table app.sessions drop column amr cascade, drop column auth_at cascade;
commit;
