-- Deploy tillgate:anchors to pg
-- requires: events
-- requires: ledger
begin;
set local role tillgate_owner;

create table app.anchors (
  tenant_id uuid not null,
  chain text not null,
  line bigint not null,
  at timestamptz not null default now(),
  constraint anchors_pk primary key (tenant_id, chain)
) with (fillfactor = 75);

comment on table app.anchors is 'up to where the heads of ledgers and audit trails were written to the log, from which they can be kept elsewhere';
comment on column app.anchors.tenant_id is 'the store';
comment on column app.anchors.chain is 'ledger or events';
comment on column app.anchors.line is 'number of the last line then';
comment on column app.anchors.at is 'when; at most once a minute';

alter table app.anchors enable row level security, force row level security;
create policy jobs on app.anchors to tillgate_jobs using (true);
grant select, insert, update, delete on app.anchors to tillgate_jobs;

-- a store without any line, whose log knows of some, is found by its row
create policy operator_reads on app.tenants for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');

commit;
