-- Deploy tillgate:exports to pg
-- requires: erasures
-- requires: ledger
begin;
set local role tillgate_owner;

create table app.exports (
  tenant_id uuid not null,
  export_id uuid not null,
  state text not null default 'queued',
  reason text,
  kinds text[] not null,
  since timestamptz,
  until timestamptz,
  stage smallint not null default 0,
  position text,
  heads jsonb not null default '{}',
  lines bigint not null default 0,
  bytes bigint not null default 0,
  parts integer not null default 0,
  secret_hash bytea not null,
  key_version integer not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  constraint exports_pk primary key (tenant_id, export_id),
  constraint exports_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id),
  constraint exports_state_known check (state in ('queued', 'running', 'ready', 'failed', 'expired')),
  constraint exports_hash_length check (octet_length(secret_hash) = 32)
) with (fillfactor = 70);
create index exports_due on app.exports (created_at) where state in ('queued', 'running');
create index exports_ready on app.exports (expires_at) where state = 'ready';

comment on table app.exports is 'what was asked for as a file, and how far it is';
comment on column app.exports.tenant_id is 'the store';
comment on column app.exports.export_id is 'UUIDv7, outside export_…';
comment on column app.exports.state is 'queued, running, ready (its link works until expires_at), failed, expired';
comment on column app.exports.reason is 'why it failed: too_large';
comment on column app.exports.kinds is 'of tenant, users, events, ledger, sends';
comment on column app.exports.since is 'events, ledger and sends of then or later';
comment on column app.exports.until is 'and before then';
comment on column app.exports.stage is 'which part is being written: 0 the beginning, then the kinds in their order, then the end';
comment on column app.exports.position is 'behind what the next batch of that part begins; null: with its first';
comment on column app.exports.heads is 'the last line of each chain that it will hold';
comment on column app.exports.lines is 'lines written';
comment on column app.exports.bytes is 'bytes written';
comment on column app.exports.parts is 'how many rows of app.export_parts there are';
comment on column app.exports.secret_hash is 'SHA-256 of the secret in the link, which C derives from a root key and the id';
comment on column app.exports.key_version is 'of that root key';
comment on column app.exports.created_at is 'when it was asked for';
comment on column app.exports.expires_at is 'an hour after it was ready';

alter table app.exports enable row level security, force row level security;
create policy tenant on app.exports to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and current_setting('app.caller', true) in ('platform', 'system'));
create policy jobs on app.exports to tillgate_jobs using (true);
grant select, update, delete on app.exports to tillgate_jobs;

create table app.export_parts (
  tenant_id uuid not null,
  export_id uuid not null,
  part integer not null,
  body text not null,
  constraint export_parts_pk primary key (tenant_id, export_id, part),
  constraint export_parts_export_fk foreign key (tenant_id, export_id) references app.exports (tenant_id, export_id) on delete cascade
);

comment on table app.export_parts is 'what exports hold, in pieces of a megabyte, compressed by Postgres; gone with the link';
comment on column app.export_parts.tenant_id is 'the store';
comment on column app.export_parts.export_id is 'the export';
comment on column app.export_parts.part is '1, 2, 3, …';
comment on column app.export_parts.body is 'lines of JSON, each whole';

alter table app.export_parts enable row level security, force row level security;
create policy tenant on app.export_parts to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and current_setting('app.caller', true) in ('platform', 'system'));
create policy jobs on app.export_parts to tillgate_jobs using (true);
grant select, delete on app.export_parts to tillgate_jobs;

commit;
