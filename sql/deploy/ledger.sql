-- Deploy tillgate:ledger to pg
-- requires: prices
begin;
set local role tillgate_owner;

create domain app.ledger_kind as text constraint ledger_kind_known check (value in ('reserved', 'settled', 'released', 'refunded'));
comment on domain app.ledger_kind is 'reserved before the text goes out; settled at the real price; released, when it certainly did not go; refunded, when it got cheaper after that';

create table app.ledger_entries (
  tenant_id uuid not null,
  send_id uuid not null,
  step smallint not null,
  at timestamptz not null,
  kind text not null,
  micros bigint not null,
  country text not null,
  purpose text not null,
  constraint ledger_entries_pk primary key (tenant_id, send_id, step)
);

comment on table app.ledger_entries is 'lines of the ledger that are not chained yet: written by the transaction that decides, taken by the job that chains';
comment on column app.ledger_entries.tenant_id is 'the store';
comment on column app.ledger_entries.send_id is 'the text';
comment on column app.ledger_entries.step is 'number of the change to that text''s money';
comment on column app.ledger_entries.at is 'when it was decided, to the millisecond';
comment on column app.ledger_entries.kind is 'what happened';
comment on column app.ledger_entries.micros is 'by how much the spending changed';
comment on column app.ledger_entries.country is 'of the number';
comment on column app.ledger_entries.purpose is 'of the code';

alter table app.ledger_entries enable row level security, force row level security;
create policy tenant_reads on app.ledger_entries for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy tenant_adds on app.ledger_entries for insert to tillgate_owner
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.ledger_entries to tillgate_jobs using (true);
grant select, insert, delete on app.ledger_entries to tillgate_jobs;

create table app.ledger (
  tenant_id uuid not null,
  line bigint not null,
  at timestamptz not null,
  send_id uuid not null,
  kind app.ledger_kind not null,
  micros bigint not null,
  country app.country not null,
  purpose text not null,
  prev_hash bytea not null,
  hash bytea not null,
  constraint ledger_pk primary key (tenant_id, line)
);

comment on table app.ledger is 'what every text cost, one line per change, chained by hashes; rows are added, never changed or removed (there is no policy for either)';
comment on column app.ledger.tenant_id is 'the store';
comment on column app.ledger.line is '1, 2, 3, …';
comment on column app.ledger.at is 'when it was decided, to the millisecond';
comment on column app.ledger.send_id is 'the text';
comment on column app.ledger.kind is 'what happened';
comment on column app.ledger.micros is 'by how much the spending changed; the sum over a text is what it costs';
comment on column app.ledger.country is 'of the number';
comment on column app.ledger.purpose is 'of the code';
comment on column app.ledger.prev_hash is 'hash of the line before; of the first line: see app.ledger_root';
comment on column app.ledger.hash is 'SHA-256 of prev_hash and the line''s text, see app.ledger_text';

alter table app.ledger enable row level security, force row level security;
create policy tenant_reads on app.ledger for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy operator_reads on app.ledger for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs_reads on app.ledger for select to tillgate_jobs using (true);
create policy jobs_adds on app.ledger for insert to tillgate_jobs with check (true);
grant select, insert on app.ledger to tillgate_jobs;
create policy reader on app.ledger for select to tillgate_reader using (true);
grant select (tenant_id, line, at, send_id, kind, micros, country, purpose) on app.ledger to tillgate_reader;

create table app.ledger_heads (
  tenant_id uuid not null,
  line bigint not null,
  hash bytea not null,
  at timestamptz not null default now(),
  constraint ledger_heads_pk primary key (tenant_id)
) with (fillfactor = 75);

comment on table app.ledger_heads is 'the last line of each ledger: tells when lines were cut off the end';
comment on column app.ledger_heads.tenant_id is 'the store';
comment on column app.ledger_heads.line is 'number of the last line';
comment on column app.ledger_heads.hash is 'its hash';
comment on column app.ledger_heads.at is 'when it was chained';

alter table app.ledger_heads enable row level security, force row level security;
create policy operator_reads on app.ledger_heads for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs on app.ledger_heads to tillgate_jobs using (true);
grant select, insert, update on app.ledger_heads to tillgate_jobs;

commit;
