-- Verify tillgate:exports on pg
begin;
select tenant_id, export_id, state, reason, kinds, since, until, stage, position, heads, lines, bytes, parts, secret_hash, key_version, created_at, expires_at from app.exports where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.exports'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.exports'::regclass;
select tenant_id, export_id, part, body from app.export_parts where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.export_parts'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.export_parts'::regclass;
rollback;
