-- Verify tillgate:velocity on pg
begin;
select scope, key, stamps, members, used_at from app.velocity where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.velocity'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.velocity'::regclass;
select range, verified from app.ranges where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.ranges'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.ranges'::regclass;
rollback;
