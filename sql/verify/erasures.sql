-- Verify tillgate:erasures on pg
begin;
select erased_at from app.users where false;
select 1 / (count(*) = 2)::int from pg_policy where polname = 'platform_erases' and polrelid in ('app.velocity'::regclass, 'app.suppressions'::regclass);
rollback;
