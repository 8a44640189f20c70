-- Verify tillgate:webhooks on pg
begin;
select webhook_id, url, kinds, secret_sealed, old_secret_sealed, old_secret_until, state, disabled_reason, failing_since, version, created_at, updated_at, deleted_at
  from app.webhooks where false;
select webhook_id, event_id, store_id, at, step, type, payload, state, fresh, attempts, failed_at, tried_at, next_at, ended_at, last_status, last_error
  from app.deliveries where false;
select webhook_id, store_id, fence, held, due_at from app.webhook_lanes where false;
select 1 / (count(*) = 3)::int from pg_class
 where oid in ('app.webhooks'::regclass, 'app.deliveries'::regclass, 'app.webhook_lanes'::regclass)
   and relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner';
rollback;
