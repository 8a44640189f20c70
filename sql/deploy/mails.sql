-- Deploy tillgate:mails to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.mails (
  tenant_id uuid not null,
  mail_id uuid not null,
  user_id uuid not null,
  notice text not null,
  detail jsonb not null default '{}',
  at timestamptz not null default now(),
  state text not null default 'queued',
  fence bigint not null default 0,
  attempts integer not null default 0,
  due_at timestamptz default now(),
  reason text,
  constraint mails_pk primary key (tenant_id, mail_id),
  constraint mails_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id) on delete cascade,
  constraint mails_state_known check (state in ('queued', 'sent', 'failed')),
  constraint mails_queued_is_due check ((state = 'queued') = (due_at is not null))
) with (fillfactor = 75);
create index mails_due on app.mails (due_at) where due_at is not null;
create index mails_user on app.mails (tenant_id, user_id);
create index mails_at on app.mails using brin (at) with (autosummarize = on);

comment on table app.mails is 'notices on their way to a user''s address, which is read when they leave';
comment on column app.mails.tenant_id is 'the store';
comment on column app.mails.mail_id is 'UUIDv7, outside mail_…: the message''s id';
comment on column app.mails.user_id is 'whom it goes to';
comment on column app.mails.notice is 'which one, see app.mail_kinds';
comment on column app.mails.detail is 'what it says besides: percent, span, until';
comment on column app.mails.at is 'when it happened';
comment on column app.mails.state is 'queued; sent: a mail server has it; failed: it never will';
comment on column app.mails.fence is 'raised by each claim; an outcome with an older one is void';
comment on column app.mails.attempts is 'tries begun';
comment on column app.mails.due_at is 'when somebody must look: next try, or the end of a lease; null once decided';
comment on column app.mails.reason is 'why it failed last';

alter table app.mails enable row level security, force row level security;
create policy tenant on app.mails to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.mails to tillgate_jobs using (true);
create policy reader on app.mails for select to tillgate_reader using (true);
grant select, insert, update, delete on app.mails to tillgate_jobs;
grant select on app.mails to tillgate_reader;

create table app.mail_servers (
  key text not null default 'mail',
  seen_at timestamptz not null,
  constraint mail_servers_pk primary key (key),
  constraint mail_servers_one_row check (key = 'mail')
);

comment on table app.mail_servers is 'platform table: whether mail is configured; without a row no notice is written. One row at most';
comment on column app.mail_servers.key is 'mail';
comment on column app.mail_servers.seen_at is 'when a server that can mail was last seen, to the minute';

alter table app.mail_servers enable row level security, force row level security;
create policy entered on app.mail_servers for select to tillgate_owner using (current_setting('app.caller', true) <> '');
create policy jobs on app.mail_servers to tillgate_jobs using (true);
grant select, insert, update, delete on app.mail_servers to tillgate_jobs;

commit;
