-- Deploy tillgate:sends to pg
-- requires: challenges
begin;
set local role tillgate_owner;

create table app.sends (
  tenant_id uuid not null,
  send_id uuid not null,
  user_id uuid not null,
  challenge_id uuid not null,
  phone_id uuid not null,
  platform_index bytea not null,
  country text not null,
  range text not null,
  mode text not null,
  state text not null default 'queued',
  fence bigint not null default 0,
  attempts smallint not null default 0,
  checks smallint not null default 0,
  due_at timestamptz,
  sid text,
  error_code bigint,
  reason text,
  created_at timestamptz not null default now(),
  posted_at timestamptz,
  moved_at timestamptz not null default now(),
  constraint sends_pk primary key (tenant_id, send_id),
  constraint sends_challenge_fk foreign key (tenant_id, user_id, challenge_id)
    references app.challenges (tenant_id, user_id, challenge_id) on delete cascade,
  constraint sends_mode_known check (mode in ('live', 'test')),
  constraint sends_state_known check (state in ('queued', 'in_flight', 'accepted', 'sent', 'delivered', 'undelivered', 'failed',
                                                'ambiguous', 'unknown', 'expired', 'refused')),
  -- what is undecided has a time at which somebody looks; what is decided has none
  constraint sends_undecided_is_due check ((state in ('queued', 'in_flight', 'ambiguous', 'accepted', 'sent')) = (due_at is not null))
) with (fillfactor = 75);
create index sends_due on app.sends (due_at) where due_at is not null;
create unique index sends_sid_once on app.sends (tenant_id, sid) where sid is not null;
create index sends_challenge on app.sends (tenant_id, user_id, challenge_id);
create index sends_created on app.sends using brin (created_at) with (autosummarize = on);

comment on table app.sends is 'texts on their way: the row that delivery, and later money, hangs on';
comment on column app.sends.tenant_id is 'the store';
comment on column app.sends.send_id is 'UUIDv7, outside send_…';
comment on column app.sends.user_id is 'who asked for it';
comment on column app.sends.challenge_id is 'the code it carries';
comment on column app.sends.phone_id is 'where it goes; the phone may be gone later';
comment on column app.sends.platform_index is 'that phone''s hash over all tenants: a dead number is remembered by it';
comment on column app.sends.country is 'of the number';
comment on column app.sends.range is 'of the number';
comment on column app.sends.mode is 'live, or test: recorded, never posted';
comment on column app.sends.state is 'see app.send_may for the ways between states';
comment on column app.sends.fence is 'raised by each claim; an outcome with an older one is void';
comment on column app.sends.attempts is 'posts begun';
comment on column app.sends.checks is 'looks at the provider since the present wait began';
comment on column app.sends.due_at is 'when somebody must look again: claim, lease, resolve or poll; null once decided';
comment on column app.sends.sid is 'the provider''s id of the message';
comment on column app.sends.error_code is 'the provider''s code, see app.provider_code';
comment on column app.sends.reason is 'the same in our words';
comment on column app.sends.created_at is 'when it was asked for';
comment on column app.sends.posted_at is 'when it was last claimed for posting';
comment on column app.sends.moved_at is 'when the present wait began';

alter table app.sends enable row level security, force row level security;
create policy tenant on app.sends to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.sends to tillgate_jobs using (true);
grant select, update, delete on app.sends to tillgate_jobs;
create policy reader on app.sends for select to tillgate_reader using (true);
grant select (tenant_id, send_id, user_id, challenge_id, country, mode, state, attempts, sid, error_code, reason, created_at, posted_at, moved_at)
  on app.sends to tillgate_reader;

commit;
