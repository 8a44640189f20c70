-- Revert tillgate:usage from pg
begin;
drop table app.usage;
commit;
