-- Goal: the rules of the schema hold in the catalogue, so that row-level security and a later Citus stay possible.
begin;
select no_plan();

-- the platform tables: keyed by something that is no tenant. Anything new on this list needs a reason in its comment.
create temp table platform_tables as
  select unnest(array['slugs', 'platform_keys', 'velocity', 'ranges', 'suppressions', 'prices', 'platform_limits', 'stops', 'platform_slots', 'breakers', 'probes', 'roll_ups', 'webhooks', 'deliveries', 'webhook_lanes', 'mail_servers']) as name;
create temp view tables as
  select c.relname::text as name, c.* from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p');
create temp view functions as
  select p.*, p.pronamespace::regnamespace::text as place, pg_get_userbyid(p.proowner)::text as owner, l.lanname
    from pg_proc p join pg_language l on l.oid = p.prolang
   where p.pronamespace in ('app'::regnamespace, 'api'::regnamespace, 'operator'::regnamespace, 'jobs'::regnamespace);

select cmp_ok(count(*), '>=', 18::bigint, 'the tables are there') from tables;
select is_empty($$ select name from tables where not (relrowsecurity and relforcerowsecurity) $$, 'row-level security is enabled and forced on every table');
select is_empty($$ select name from tables where pg_get_userbyid(relowner) <> 'tillgate_owner' $$, 'tillgate_owner owns every table');
select is_empty($$ select rolname from pg_roles where rolname like 'tillgate%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication) $$,
                'no role of ours is above the policies');
select is_empty($$ select rolname from pg_roles where rolname in ('tillgate_owner', 'tillgate_jobs') and rolcanlogin $$, 'owners do not log in');

select is_empty($$
  select t.name, i.indexrelid::regclass
    from pg_index i join tables t on t.oid = i.indrelid
    join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
   where i.indisunique and a.attname <> 'tenant_id' and t.name not in (select name from platform_tables) $$,
  'tenant_id leads every primary and unique key');
select is_empty($$
  select t.name, k.conname
    from pg_constraint k join tables t on t.oid = k.conrelid
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
   where k.contype = 'f' and (a.attname <> 'tenant_id' or f.attname <> 'tenant_id')
     and not (t.name in (select name from platform_tables) and k.confrelid::regclass::text in (select 'app.' || name from platform_tables)) $$,
  'tenant_id leads every foreign key, on both ends');
select is_empty($$ select t.name from tables t where not exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'p') $$,
                'every table has a primary key');
select is_empty($$ select t.name, g.tgname from pg_trigger g join tables t on t.oid = g.tgrelid where not g.tgisinternal $$, 'no triggers');
select is_empty($$ select c.relname from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'S' $$, 'no sequences');
select is_empty($$
  select t.name, a.attname from tables t join pg_attribute a on a.attrelid = t.oid
   where a.attnum > 0 and not a.attisdropped and coalesce(col_description(t.oid, a.attnum), '') = ''
  union all
  select t.name, null from tables t where coalesce(obj_description(t.oid, 'pg_class'), '') = '' $$,
  'a comment on every table and column');
select is_empty($$ select t.name from tables t join platform_tables p using (name) where obj_description(t.oid, 'pg_class') not like 'platform table:%' $$,
                'platform tables say so');
select is_empty($$
  select t.name, pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d join tables t on t.oid = d.adrelid
   where pg_get_expr(d.adbin, d.adrelid) ~* '(nextval|random|gen_random_uuid|clock_timestamp)' $$, 'no volatile defaults: ids come from C');
select is_empty($$ select t.name, p.polname from pg_policy p join tables t on t.oid = p.polrelid where p.polroles = '{0}' $$, 'every policy names its role');
select is_empty($$
  select t.name, p.polname from pg_policy p join tables t on t.oid = p.polrelid
   where pg_get_expr(p.polqual, p.polrelid) = 'true' and 'tillgate_owner'::regrole = any (p.polroles) $$,
  'the owner of the functions is never above the pin');
select is_empty($$
  select r, t.name from unnest(array['tillgate_server', 'tillgate_operator', 'public']) r cross join tables t
   where r <> 'public' and has_table_privilege(r, t.oid, 'select, insert, update, delete, truncate, references, trigger') $$, 'the server touches no table');
select is_empty($$
  select t.name, a.attname from tables t join pg_attribute a on a.attrelid = t.oid
   where a.attnum > 0 and (a.attname like '%sealed' or a.attname like '%hash' or a.attname like 'mac%' or a.attname like '%index')
     and has_column_privilege('tillgate_reader', t.oid, a.attnum, 'select') $$, 'support reads no secret');

-- functions
select cmp_ok(count(*), '>=', 50::bigint, 'the use cases are there') from functions where place = 'api';
select is_empty($$ select place, proname from functions where place in ('api', 'operator', 'jobs') and not prosecdef $$, 'security definer');
select is_empty($$ select place, proname from functions where place in ('api', 'operator', 'jobs') and (proconfig is null or not 'search_path=""' = any (proconfig)) $$,
                'pinned search_path');
select is_empty($$ select place, proname, owner from functions where owner <> case place when 'jobs' then 'tillgate_jobs' else 'tillgate_owner' end $$, 'owned as they should be');
select is_empty($$ select place, proname from functions where place = 'app' and prosecdef $$, 'helpers add no right of their own');
select is_empty($$ select place, proname from functions where has_function_privilege('public', oid, 'execute') $$, 'nothing is open to everybody');
select is_empty($$
  select place, proname from functions
   where has_function_privilege('tillgate_server', oid, 'execute') <> (place = 'api')
      or has_function_privilege('tillgate_operator', oid, 'execute') <> (place = 'operator')
      or has_function_privilege('tillgate_reader', oid, 'execute') $$, 'each role executes its schema and no other');
select is_empty($$ select proname from functions where place = 'api' group by 1 having count(*) > 1 $$, 'one function per name');
select is_empty($$
  select proname, t::regtype from functions, unnest(proargtypes) t
   where place = 'api' and t::regtype not in ('uuid', 'bytea', 'text', 'bigint', 'boolean', 'json') $$, 'arguments are of the six types that C sends');
select is_empty($$
  select proname from functions where place = 'api'
     and prorettype <> case when proname like 'enter\_%' then 'api.entered' else 'api.reply' end::regtype $$, 'use cases return api.reply, enter returns api.entered');
select is_empty($$ select proname from functions where place = 'api' and proname not like 'enter\_%' and prosrc !~ 'if not app\.entered\(' $$,
                'the first question of every use case is who has entered');
select is_empty($$ select place, proname from functions where prosrc ~* 'skip locked|clock_timestamp|nextval|gen_random_uuid|\mrandom\(' and (place, proname) <> ('app', 'salt') $$,
                'no skip locked, nothing volatile, no id made here');
select is_empty($$ select place, proname from functions where place = 'api' and prosrc ~ 'raise ' and proname not in ('phone_verify', 'authenticator_activate') $$,
                'refusals are rows: only a lost race is raised');

-- plpgsql_check over every function
create temp table checked as
  select f.place || '.' || f.proname as name, c.level, c.message
    from functions f, lateral plpgsql_check_function_tb(f.oid, fatal_errors => false, performance_warnings => false) c
   where f.lanname = 'plpgsql';
select is_empty($$ select name, level, message from checked
                    where not (name = 'api.profile_read' and message = 'unused parameter "p_device_hash"') $$, 'plpgsql_check finds nothing');

-- the roles' own settings
select is((select rolconfig from pg_roles where rolname = 'tillgate_server') @>
          array['statement_timeout=1s', 'lock_timeout=250ms', 'idle_in_transaction_session_timeout=5s'], true, 'the server''s timeouts');
select is(current_setting('synchronous_commit'), 'on', 'commits are durable');

select * from finish();
rollback;
