-- Deploy tillgate:backup_codes to pg
-- requires: users
begin;
set local role tillgate_owner;

create table app.backup_codes (
  tenant_id uuid not null,
  user_id uuid not null,
  macs bytea[] not null,
  created_at timestamptz not null default now(),
  constraint backup_codes_pk primary key (tenant_id, user_id),
  constraint backup_codes_user_fk foreign key (tenant_id, user_id) references app.users (tenant_id, user_id),
  constraint backup_codes_count check (cardinality(macs) <= 10)
) with (fillfactor = 50);

comment on table app.backup_codes is 'the codes of a user''s set that are left, all in one row: using one is one conditional update, and counting them one look-up';
comment on column app.backup_codes.tenant_id is 'the store';
comment on column app.backup_codes.user_id is 'who';
comment on column app.backup_codes.macs is 'keyed hashes of the codes not yet used';
comment on column app.backup_codes.created_at is 'when the set was made';

alter table app.backup_codes enable row level security, force row level security;
create policy tenant on app.backup_codes to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

commit;
