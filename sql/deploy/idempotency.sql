-- Deploy tillgate:idempotency to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.idempotency (
  tenant_id uuid not null,
  key_id uuid not null,
  endpoint text not null,
  idem_key text not null,
  body_hash bytea not null,
  status integer,
  code text,
  body json,
  etag text,
  sealed bytea,
  created_at timestamptz not null default now(),
  constraint idempotency_pk primary key (tenant_id, key_id, endpoint, idem_key),
  constraint idempotency_key_length check (length(idem_key) between 1 and 255)
) with (fillfactor = 80);
create index idempotency_created on app.idempotency using brin (created_at) with (autosummarize = on);

comment on table app.idempotency is 'the first answer to a POST with an Idempotency-Key, given again for 24 h';
comment on column app.idempotency.tenant_id is 'the pinned tenant; all zero when the call concerns none yet (no foreign key for that reason)';
comment on column app.idempotency.key_id is 'the caller''s API key';
comment on column app.idempotency.endpoint is 'name of the use case';
comment on column app.idempotency.idem_key is 'what the caller sent';
comment on column app.idempotency.body_hash is 'SHA-256 of the body of the first call';
comment on column app.idempotency.status is 'of the first answer';
comment on column app.idempotency.code is 'of the first answer';
comment on column app.idempotency.body is 'of the first answer, without secrets';
comment on column app.idempotency.etag is 'of the first answer';
comment on column app.idempotency.sealed is 'the secret of the first answer, sealed by C';
comment on column app.idempotency.created_at is 'when the first call came';

alter table app.idempotency enable row level security, force row level security;
create policy tenant on app.idempotency to tillgate_owner
  using (tenant_id = coalesce(nullif(current_setting('app.tenant', true), ''), '00000000-0000-0000-0000-000000000000')::uuid
         and current_setting('app.caller', true) in ('platform', 'tenant'));
create policy jobs on app.idempotency to tillgate_jobs using (true);
grant select, delete on app.idempotency to tillgate_jobs;

commit;
