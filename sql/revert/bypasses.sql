-- Revert tillgate:bypasses from pg
begin;
drop table app.bypasses cascade;
commit;
