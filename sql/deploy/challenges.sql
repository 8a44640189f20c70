-- Deploy tillgate:challenges to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.challenges (
  tenant_id uuid not null,
  user_id uuid not null,
  challenge_id uuid not null,
  purpose text not null,
  phone_id uuid not null,
  platform_index bytea not null,
  range text not null,
  hint text not null,
  mac bytea not null,
  code_sealed bytea,
  key_version integer not null,
  state text not null default 'live',
  tries smallint not null default 0,
  sends smallint not null default 1,
  series smallint not null default 1,
  send_id uuid not null,
  resend_at timestamptz not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  counted boolean not null default false,
  constraint challenges_pk primary key (tenant_id, user_id, challenge_id),
  constraint challenges_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint challenges_purpose_known check (purpose in ('sign_in', 'phone_set_up', 'phone_change')),
  constraint challenges_state_known check (state in ('live', 'used', 'expired', 'exhausted', 'superseded')),
  constraint challenges_tries_bound check (tries between 0 and 5),
  constraint challenges_mac_length check (octet_length(mac) = 32),
  -- the code itself does not outlive the challenge, not even sealed
  constraint challenges_code_only_while_live check ((state = 'live') = (code_sealed is not null))
) with (fillfactor = 75);
create unique index challenges_one_live on app.challenges (tenant_id, user_id, purpose) where state = 'live';
create index challenges_uncounted on app.challenges (range) where state = 'used' and not counted;
create index challenges_created on app.challenges using brin (created_at) with (autosummarize = on);

comment on table app.challenges is 'one code, for one purpose, to one phone of one user';
comment on column app.challenges.tenant_id is 'the store';
comment on column app.challenges.user_id is 'who';
comment on column app.challenges.challenge_id is 'UUIDv7, outside challenge_…';
comment on column app.challenges.purpose is 'sign_in, phone_set_up, phone_change; part of the MAC';
comment on column app.challenges.phone_id is 'the phone it went to';
comment on column app.challenges.platform_index is 'that phone''s hash over all tenants';
comment on column app.challenges.range is 'that phone''s number range';
comment on column app.challenges.hint is 'that phone''s last two digits';
comment on column app.challenges.mac is 'HMAC of the code with a key outside the database';
comment on column app.challenges.code_sealed is 'the code, sealed by C for the sender and for a resend; gone when the challenge ends';
comment on column app.challenges.key_version is 'root key version of mac and code_sealed';
comment on column app.challenges.state is 'live, used, expired, exhausted (5 tries), superseded';
comment on column app.challenges.tries is 'codes compared so far; counted before comparing';
comment on column app.challenges.sends is 'texts sent for this challenge';
comment on column app.challenges.series is 'texts in a row without a right code, over challenges: decides the next gap';
comment on column app.challenges.send_id is 'the latest text';
comment on column app.challenges.resend_at is 'before this no other text, unless the latest could not be delivered';
comment on column app.challenges.created_at is 'when it was started';
comment on column app.challenges.expires_at is 'end of the code''s life';
comment on column app.challenges.counted is 'its success has been added to app.ranges by the job';

alter table app.challenges enable row level security, force row level security;
create policy tenant on app.challenges to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.challenges to tillgate_jobs using (true);
grant select, update, delete on app.challenges to tillgate_jobs;

commit;
