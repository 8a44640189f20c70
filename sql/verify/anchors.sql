-- Verify tillgate:anchors on pg
begin;
select tenant_id, chain, line, at from app.anchors where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.anchors'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.anchors'::regclass;
select 1 / (count(*) = 1)::int from pg_policy where polrelid = 'app.tenants'::regclass and polname = 'operator_reads';
rollback;
