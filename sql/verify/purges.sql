-- Verify tillgate:purges on pg
begin;
select tenant_id, deleted_at, begun_at, purged_at, rows, ledger_line, ledger_hash, event_line, event_hash from app.purges where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.purges'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.purges'::regclass;
rollback;
