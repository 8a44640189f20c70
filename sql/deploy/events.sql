-- Deploy tillgate:events to pg
-- requires: tenants
begin;
set local role tillgate_owner;

create table app.events (
  tenant_id uuid not null,
  at timestamptz not null default now(),
  request_id uuid not null,
  kind text not null,
  user_id uuid,
  caller text not null,
  address text,
  detail json,
  constraint events_pk primary key (tenant_id, at, request_id, kind),
  constraint events_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id)
);
create index events_at on app.events using brin (at) with (autosummarize = on);

comment on table app.events is 'the audit trail: rows are added, never changed or removed (there is no policy for either)';
comment on column app.events.tenant_id is 'the store';
comment on column app.events.at is 'when';
comment on column app.events.request_id is 'the request that did it; leads to the log line';
comment on column app.events.kind is 'what happened; at most one of a kind per request';
comment on column app.events.user_id is 'whom it concerns';
comment on column app.events.caller is 'who did it: platform, tenant, session, host, system';
comment on column app.events.address is 'browser address';
comment on column app.events.detail is 'more; never a secret, phones masked';

alter table app.events enable row level security, force row level security;
create policy tenant_reads on app.events for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy tenant_adds on app.events for insert to tillgate_owner
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy reader on app.events for select to tillgate_reader using (true);
grant select on app.events to tillgate_reader;

commit;
