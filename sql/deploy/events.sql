-- Deploy tillgate:events to pg
-- requires: tenants
begin;
set local role tillgate_owner;

create table app.event_entries (
  tenant_id uuid not null,
  event_id uuid not null,
  at timestamptz not null,
  request_id uuid not null,
  kind text collate "C" not null,
  user_id uuid,
  actor_id uuid,
  caller text not null,
  address text,
  detail jsonb,
  constraint event_entries_pk primary key (tenant_id, event_id)
);

comment on table app.event_entries is 'events that are not chained yet: written by the transaction in which they happen, taken by the job that chains';
comment on column app.event_entries.tenant_id is 'the store';
comment on column app.event_entries.event_id is 'UUIDv7 made of time, request, kind and user (app.event_id), outside event_…; so one request has at most one of a kind';
comment on column app.event_entries.at is 'when, to the millisecond';
comment on column app.event_entries.request_id is 'the request that did it; leads to the log line';
comment on column app.event_entries.kind is 'what happened';
comment on column app.event_entries.user_id is 'whom it concerns';
comment on column app.event_entries.actor_id is 'the user who did it to somebody else';
comment on column app.event_entries.caller is 'who did it: platform, tenant, session, host, system';
comment on column app.event_entries.address is 'browser address';
comment on column app.event_entries.detail is 'more; never a secret, phones masked';

alter table app.event_entries enable row level security, force row level security;
create policy tenant_reads on app.event_entries for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy tenant_adds on app.event_entries for insert to tillgate_owner
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy operator_reads on app.event_entries for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs on app.event_entries to tillgate_jobs using (true);
grant select, insert, delete on app.event_entries to tillgate_jobs;
create policy reader on app.event_entries for select to tillgate_reader using (true);
grant select on app.event_entries to tillgate_reader;

create table app.event_lines (
  tenant_id uuid not null,
  line bigint not null,
  event_id uuid not null,
  at timestamptz not null,
  request_id uuid not null,
  kind text collate "C" not null,
  user_id uuid,
  actor_id uuid,
  caller text not null,
  detail jsonb,
  person_hash bytea,
  prev_hash bytea not null,
  hash bytea not null,
  constraint event_lines_pk primary key (tenant_id, line)
);
-- what lists are read by: all, of a kind, of a user, both; newest first
create unique index event_lines_id on app.event_lines (tenant_id, event_id);
create index event_lines_kind on app.event_lines (tenant_id, kind, event_id);
create index event_lines_user on app.event_lines (tenant_id, user_id, event_id) where user_id is not null;
create index event_lines_user_kind on app.event_lines (tenant_id, user_id, kind, event_id) where user_id is not null;
create index event_lines_at on app.event_lines using brin (at) with (autosummarize = on);

comment on table app.event_lines is 'the audit trail, chained by hashes: lines are added, and removed after 400 days or with their store; never changed (there is no policy for it)';
comment on column app.event_lines.tenant_id is 'the store';
comment on column app.event_lines.line is '1, 2, 3, …';
comment on column app.event_lines.event_id is 'as in app.event_entries';
comment on column app.event_lines.at is 'when, to the millisecond';
comment on column app.event_lines.request_id is 'the request that did it; leads to the log line';
comment on column app.event_lines.kind is 'what happened';
comment on column app.event_lines.user_id is 'whom it concerns: an id, which means nothing once the user is erased';
comment on column app.event_lines.actor_id is 'the user who did it to somebody else';
comment on column app.event_lines.caller is 'who did it: platform, tenant, session, host, system';
comment on column app.event_lines.detail is 'more, without what is in app.event_people';
comment on column app.event_lines.person_hash is 'SHA-256 of salt and text of the part in app.event_people; null: there is none';
comment on column app.event_lines.prev_hash is 'hash of the line before; of the first line: see app.event_root';
comment on column app.event_lines.hash is 'SHA-256 of prev_hash and the line''s text, see app.event_text';

alter table app.event_lines enable row level security, force row level security;
create policy tenant_reads on app.event_lines for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy operator_reads on app.event_lines for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs_reads on app.event_lines for select to tillgate_jobs using (true);
create policy jobs_adds on app.event_lines for insert to tillgate_jobs with check (true);
create policy jobs_expires on app.event_lines for delete to tillgate_jobs
  using (at < now() - interval '400 days'
         or exists (select from app.tenants t where t.tenant_id = event_lines.tenant_id and t.status = 'deleting'));
grant select, insert, delete on app.event_lines to tillgate_jobs;
create policy reader on app.event_lines for select to tillgate_reader using (true);
grant select (tenant_id, line, event_id, at, request_id, kind, user_id, actor_id, caller, detail) on app.event_lines to tillgate_reader;

create table app.event_people (
  tenant_id uuid not null,
  event_id uuid not null,
  user_id uuid,
  actor_id uuid,
  salt bytea not null,
  person jsonb not null,
  constraint event_people_pk primary key (tenant_id, event_id)
);
create index event_people_user on app.event_people (tenant_id, user_id) where user_id is not null;
create index event_people_actor on app.event_people (tenant_id, actor_id) where actor_id is not null;

comment on table app.event_people is 'what is personal in a line of the audit trail, apart from it: the chain has only its salted hash, so that erasing a user leaves the chain whole';
comment on column app.event_people.tenant_id is 'the store';
comment on column app.event_people.event_id is 'the line';
comment on column app.event_people.user_id is 'as in the line';
comment on column app.event_people.actor_id is 'as in the line';
comment on column app.event_people.salt is '16 random bytes; without them nobody can guess what was hashed';
comment on column app.event_people.person is 'address, and those members of detail that app.event_personal names';

alter table app.event_people enable row level security, force row level security;
create policy tenant_reads on app.event_people for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy platform_erases on app.event_people for delete to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and current_setting('app.caller', true) = 'platform');
create policy operator_reads on app.event_people for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs on app.event_people to tillgate_jobs using (true);
grant select, insert, delete on app.event_people to tillgate_jobs;
create policy reader on app.event_people for select to tillgate_reader using (true);
grant select (tenant_id, event_id, user_id, actor_id, person) on app.event_people to tillgate_reader;

create table app.event_heads (
  tenant_id uuid not null,
  line bigint not null,
  hash bytea not null,
  at timestamptz not null default now(),
  floor_line bigint not null default 0,
  floor_hash bytea not null,
  constraint event_heads_pk primary key (tenant_id)
) with (fillfactor = 75);

comment on table app.event_heads is 'both ends of each audit trail: tells when lines were cut off the end, and what the first line that is left follows';
comment on column app.event_heads.tenant_id is 'the store';
comment on column app.event_heads.line is 'number of the last line';
comment on column app.event_heads.hash is 'its hash';
comment on column app.event_heads.at is 'when it was chained';
comment on column app.event_heads.floor_line is 'number of the last line that was removed for its age; 0: none';
comment on column app.event_heads.floor_hash is 'its hash, prev_hash of the first line that is left';

alter table app.event_heads enable row level security, force row level security;
create policy tenant_reads on app.event_heads for select to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy operator_reads on app.event_heads for select to tillgate_owner
  using (current_setting('app.caller', true) = 'operator');
create policy jobs on app.event_heads to tillgate_jobs using (true);
grant select, insert, update, delete on app.event_heads to tillgate_jobs;

-- For looking: lists with a limit read the tables themselves, each by its index.
create view app.events with (security_invoker = true) as
  select e.tenant_id, e.event_id, null::bigint as line, e.at, e.request_id, e.kind, e.user_id, e.actor_id, e.caller, e.address, e.detail
    from app.event_entries e
  union all
  select l.tenant_id, l.event_id, l.line, l.at, l.request_id, l.kind, l.user_id, l.actor_id, l.caller, p.person->>'address',
         nullif(coalesce(l.detail, '{}') || coalesce(p.person - 'address', '{}'), '{}')
    from app.event_lines l
    left join app.event_people p on p.tenant_id = l.tenant_id and p.event_id = l.event_id;
comment on view app.events is 'the audit trail whole: what is chained, with what is personal, and what waits for its line';
grant select on app.events to tillgate_jobs, tillgate_reader;

commit;
