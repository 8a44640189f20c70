-- Revert tillgate:erasures from pg
begin;
drop policy platform_erases on app.suppressions;
drop policy platform_erases on app.velocity;
alter table app.users drop column erased_at;
commit;
