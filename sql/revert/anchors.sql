-- Revert tillgate:anchors from pg
begin;
drop policy operator_reads on app.tenants;
drop table app.anchors;
commit;
