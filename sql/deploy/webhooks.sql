-- Deploy tillgate:webhooks to pg
-- requires: events
begin;
set local role tillgate_owner;

create table app.webhooks (
  webhook_id uuid not null,
  url text not null,
  kinds text[] not null,
  secret_sealed bytea not null,
  old_secret_sealed bytea,
  old_secret_until timestamptz,
  state text not null default 'enabled',
  disabled_reason text,
  failing_since timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint webhooks_pk primary key (webhook_id),
  constraint webhooks_state_known check (state in ('enabled', 'disabled')),
  constraint webhooks_disabled_for_a_reason check ((state = 'disabled') = (disabled_reason is not null)),
  constraint webhooks_reason_known check (disabled_reason in ('gone', 'failed')),
  constraint webhooks_old_secret_ends check ((old_secret_sealed is null) = (old_secret_until is null))
) with (fillfactor = 80);

comment on table app.webhooks is 'platform table: the platform''s own endpoints, which are told what happens';
comment on column app.webhooks.webhook_id is 'UUIDv7, outside webhook_…';
comment on column app.webhooks.url is 'where messages are posted';
comment on column app.webhooks.kinds is 'types of messages it gets; {*}: all, those that are yet to come too';
comment on column app.webhooks.secret_sealed is 'what messages are signed with';
comment on column app.webhooks.old_secret_sealed is 'during a rotation: what they are signed with as well';
comment on column app.webhooks.old_secret_until is 'the end of that';
comment on column app.webhooks.state is 'enabled, or disabled: its messages wait';
comment on column app.webhooks.disabled_reason is 'gone (it answered 410) or failed (a message failed through its schedule, or all of them for 5 days)';
comment on column app.webhooks.failing_since is 'when the first of the present unbroken row of failures was; null: the last message arrived';
comment on column app.webhooks.version is 'counts changes; the ETag';
comment on column app.webhooks.created_at is 'when it was made';
comment on column app.webhooks.updated_at is 'when it was last changed';
comment on column app.webhooks.deleted_at is 'nobody sees it any more; the job removes it with its deliveries, a little at a time';

alter table app.webhooks enable row level security, force row level security;
create policy entered on app.webhooks to tillgate_owner using (current_setting('app.caller', true) <> '');
create policy jobs on app.webhooks to tillgate_jobs using (true);
create policy reader on app.webhooks for select to tillgate_reader using (true);
grant select, delete on app.webhooks to tillgate_jobs;
grant select (webhook_id, url, kinds, state, disabled_reason, failing_since, version, created_at, updated_at, deleted_at)
  on app.webhooks to tillgate_reader;

create table app.deliveries (
  webhook_id uuid not null,
  event_id uuid not null,
  store_id uuid not null,
  at timestamptz not null default now(),
  step integer not null default 0,
  type text not null,
  payload text not null,
  state text not null default 'queued',
  fresh boolean not null default true,
  attempts integer not null default 0,
  failed_at timestamptz,
  tried_at timestamptz,
  next_at timestamptz,
  ended_at timestamptz,
  last_status integer,
  last_error text,
  constraint deliveries_pk primary key (webhook_id, event_id),
  constraint deliveries_webhook_fk foreign key (webhook_id) references app.webhooks (webhook_id),
  constraint deliveries_state_known check (state in ('queued', 'delivered', 'failed')),
  constraint deliveries_ended_when_over check ((state = 'queued') = (ended_at is null))
) with (fillfactor = 70);
create index deliveries_lane on app.deliveries (webhook_id, store_id, at, step) where state = 'queued';
create index deliveries_fresh on app.deliveries (webhook_id) where fresh;
create index deliveries_state on app.deliveries (webhook_id, state, event_id);
create index deliveries_store on app.deliveries (webhook_id, store_id, event_id);
create index deliveries_at on app.deliveries using brin (at) with (autosummarize = on);

comment on table app.deliveries is 'platform table: one message on its way to one endpoint, committed with what it tells of. Keyed by the endpoint, whose owner is the platform; it names people by their ids only';
comment on column app.deliveries.webhook_id is 'the endpoint';
comment on column app.deliveries.event_id is 'the event that it tells of, outside event_…; the message''s webhook-id';
comment on column app.deliveries.store_id is 'the store that it is about; zero: none. Messages about one store are posted in order';
comment on column app.deliveries.at is 'when it happened: its place in the order';
comment on column app.deliveries.step is 'the same within one transaction';
comment on column app.deliveries.type is 'as app.webhook_kinds has it';
comment on column app.deliveries.payload is 'the body, byte by byte: it is signed anew at each try, but never changed';
comment on column app.deliveries.state is 'queued, delivered, or failed: given up after its schedule';
comment on column app.deliveries.fresh is 'its lane has not been woken yet';
comment on column app.deliveries.attempts is 'posts begun';
comment on column app.deliveries.failed_at is 'when the first of them failed';
comment on column app.deliveries.tried_at is 'when the last of them began';
comment on column app.deliveries.next_at is 'when the next one is due, after a failure';
comment on column app.deliveries.ended_at is 'when it was delivered or given up';
comment on column app.deliveries.last_status is 'the HTTP status of the last answer';
comment on column app.deliveries.last_error is 'why there was none';

alter table app.deliveries enable row level security, force row level security;
create policy entered on app.deliveries to tillgate_owner using (current_setting('app.caller', true) <> '');
create policy jobs on app.deliveries to tillgate_jobs using (true);
create policy reader on app.deliveries for select to tillgate_reader using (true);
grant select, insert, update, delete on app.deliveries to tillgate_jobs;
grant select on app.deliveries to tillgate_reader;

create table app.webhook_lanes (
  webhook_id uuid not null,
  store_id uuid not null,
  fence bigint not null default 0,
  held boolean not null default false,
  due_at timestamptz,
  constraint webhook_lanes_pk primary key (webhook_id, store_id),
  constraint webhook_lanes_webhook_fk foreign key (webhook_id) references app.webhooks (webhook_id),
  constraint webhook_lanes_held_until check (not held or due_at is not null)
) with (fillfactor = 60);
create index webhook_lanes_due on app.webhook_lanes (webhook_id, due_at) where due_at is not null;

comment on table app.webhook_lanes is 'platform table: whose turn it is: the messages of one endpoint about one store, of which one at a time is posted';
comment on column app.webhook_lanes.webhook_id is 'the endpoint';
comment on column app.webhook_lanes.store_id is 'the store, or zero';
comment on column app.webhook_lanes.fence is 'raised by each claim; an outcome with an older one is void';
comment on column app.webhook_lanes.held is 'a worker has it, until due_at';
comment on column app.webhook_lanes.due_at is 'when somebody must look: next try, or the end of the lease; null: nothing waits';

alter table app.webhook_lanes enable row level security, force row level security;
create policy entered on app.webhook_lanes to tillgate_owner using (current_setting('app.caller', true) <> '');
create policy jobs on app.webhook_lanes to tillgate_jobs using (true);
create policy reader on app.webhook_lanes for select to tillgate_reader using (true);
grant select, insert, update, delete on app.webhook_lanes to tillgate_jobs;
grant select on app.webhook_lanes to tillgate_reader;

commit;
