-- The roles of Tillgate. Run by a superuser before sqitch; may be run again at any time.
--
--   tillgate_owner     owns schemas, tables and functions; cannot log in, is no superuser, has no bypassrls
--   tillgate_jobs      owns the few functions of schema jobs that look across tenants; cannot log in
--   tillgate_server    the server: may execute the functions of schema api, nothing else
--   tillgate_operator  the operator's subcommands: may execute the functions of schema operator
--   tillgate_reader    support: may read what holds no secret
--
-- How they log in (password, peer, certificate) is the installation's matter: pg_hba.conf and "alter role".
\set ON_ERROR_STOP on
set client_min_messages = warning;

-- Two deploys may begin together: roles belong to the cluster, so the lock must too (it is held per database;
-- the usual case is one database, and a lost race fails loudly and can be repeated).
select pg_advisory_lock(hashtext('tillgate roles'));

do $$
declare
  name text;
begin
  foreach name in array array['tillgate_owner', 'tillgate_jobs', 'tillgate_server', 'tillgate_operator', 'tillgate_reader'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I', name);
    end if;
  end loop;
end
$$;

alter role tillgate_owner nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role tillgate_jobs nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role tillgate_server login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role tillgate_operator login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role tillgate_reader login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;

-- A request that is not answered within a second will not be: the client has given up (security.md FLT-4).
alter role tillgate_server set statement_timeout = '1s';
alter role tillgate_server set lock_timeout = '250ms';
alter role tillgate_server set idle_in_transaction_session_timeout = '5s';
-- Every statement in a function is a look-up by key: the plan never depends on the values, planning it again would cost more than running it.
alter role tillgate_server set plan_cache_mode = 'force_generic_plan';
alter role tillgate_server set jit = off;
alter role tillgate_operator set statement_timeout = '5s';
alter role tillgate_operator set lock_timeout = '2s';
alter role tillgate_operator set idle_in_transaction_session_timeout = '5s';
alter role tillgate_reader set statement_timeout = '10s';
alter role tillgate_reader set default_transaction_read_only = on;

select pg_advisory_unlock(hashtext('tillgate roles'));
