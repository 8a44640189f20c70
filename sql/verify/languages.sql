-- Verify tillgate:languages on pg
begin;
select 1 / (count(*) = 2)::int from pg_constraint
 where conname in ('tenants_locale_known', 'users_locale_known') and pg_get_constraintdef(oid) like '%ru%';
rollback;
