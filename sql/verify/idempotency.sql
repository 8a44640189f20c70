-- Verify tillgate:idempotency on pg
begin;
select tenant_id, key_id, endpoint, idem_key, body_hash, status, code, body, etag, sealed, created_at from app.idempotency where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.idempotency'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.idempotency'::regclass;
rollback;
