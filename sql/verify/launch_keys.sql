-- Verify tillgate:launch_keys on pg
begin;
select tenant_id, launch_key_id, name, mode, algorithm, source, secret_sealed, jwks_url, fetch_due_at, fetch_tried_at, fetched_at, fetch_failures,
       fetch_error, created_at, last_used_at, last_refused_at, last_refusal, expires_at, revoked_at from app.launch_keys where false;
select tenant_id, launch_key_id, kid, public_key, retired_at from app.launch_key_kids where false;
select tenant_id, jti_hash, expires_at from app.launch_tokens where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int
  from pg_class where oid in ('app.launch_keys'::regclass, 'app.launch_key_kids'::regclass, 'app.launch_tokens'::regclass);
select 1 / (count(distinct polrelid) = 3)::int from pg_policy
 where polrelid in ('app.launch_keys'::regclass, 'app.launch_key_kids'::regclass, 'app.launch_tokens'::regclass);
rollback;
