-- Revert tillgate:launch_keys from pg
-- cascade: functions that take rows of them; sql/apply makes them again
begin;
drop table app.launch_tokens cascade;
drop table app.launch_key_kids cascade;
drop table app.launch_keys cascade;
commit;
