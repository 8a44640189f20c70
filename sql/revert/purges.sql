-- Revert tillgate:purges from pg
begin;
drop table app.purges cascade;
commit;
