-- Revert tillgate:mails from pg
-- cascade: functions that take rows of it; sql/apply makes them again
begin;
drop table app.mail_servers cascade;
drop table app.mails cascade;
commit;
