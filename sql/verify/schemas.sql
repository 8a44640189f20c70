-- Verify tillgate:schemas on pg
begin;
select 1 / (pg_get_userbyid(nspowner) = 'tillgate_owner')::int from pg_namespace where nspname in ('app', 'api', 'operator');
select 1 / (pg_get_userbyid(nspowner) = 'tillgate_jobs')::int from pg_namespace where nspname = 'jobs';
select 1 / (count(*) = 4)::int from pg_namespace where nspname in ('app', 'api', 'operator', 'jobs');
select (null::api.reply).status, (null::api.entered).code;
select 1 / has_schema_privilege('tillgate_server', 'api', 'usage')::int;
select 1 / (not has_schema_privilege('tillgate_server', 'app', 'usage'))::int;
rollback;
