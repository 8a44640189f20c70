-- Deploy tillgate:purges to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.purges (
  tenant_id uuid not null,
  deleted_at timestamptz not null,
  begun_at timestamptz not null default now(),
  purged_at timestamptz,
  rows jsonb not null default '{}',
  ledger_line bigint,
  ledger_hash bytea,
  event_line bigint,
  event_hash bytea,
  constraint purges_pk primary key (tenant_id)
) with (fillfactor = 75);

comment on table app.purges is 'platform table: what is left of a store that was purged: the certificate';
comment on column app.purges.tenant_id is 'the store that was; the id means nothing any more';
comment on column app.purges.deleted_at is 'when the platform deleted it';
comment on column app.purges.begun_at is 'when the first row was removed';
comment on column app.purges.purged_at is 'when the last one was; null: it is under way';
comment on column app.purges.rows is 'how many rows were removed of which table';
comment on column app.purges.ledger_line is 'the last line of its ledger; null: it had none';
comment on column app.purges.ledger_hash is 'hash of that line: what an exported ledger must end with';
comment on column app.purges.event_line is 'the same of its audit trail';
comment on column app.purges.event_hash is 'the same of its audit trail';

alter table app.purges enable row level security, force row level security;
create policy platform on app.purges for select to tillgate_owner
  using (current_setting('app.caller', true) = 'platform');
create policy jobs on app.purges to tillgate_jobs using (true);
create policy reader on app.purges for select to tillgate_reader using (true);
grant select, insert, update on app.purges to tillgate_jobs;
grant select (tenant_id, deleted_at, begun_at, purged_at, rows) on app.purges to tillgate_reader;

commit;
