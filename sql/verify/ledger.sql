-- Verify tillgate:ledger on pg
begin;
select tenant_id, send_id, step, at, kind, micros, country, purpose from app.ledger_entries where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.ledger_entries'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.ledger_entries'::regclass;
select tenant_id, line, at, send_id, kind, micros, country, purpose, prev_hash, hash from app.ledger where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.ledger'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.ledger'::regclass;
select tenant_id, line, hash, at from app.ledger_heads where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.ledger_heads'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.ledger_heads'::regclass;
rollback;
