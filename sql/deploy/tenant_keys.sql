-- Deploy tillgate:tenant_keys to pg
-- requires: tenants
begin;
set local role tillgate_owner;

create table app.tenant_keys (
  tenant_id uuid not null,
  key_id uuid not null,
  key_hash bytea not null,
  name text not null,
  mode text not null,
  prefix text not null,
  scopes text[] not null default '{launches}',
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  replaced_by uuid,
  constraint tenant_keys_pk primary key (tenant_id, key_id),
  constraint tenant_keys_hash_once unique (tenant_id, key_hash),
  constraint tenant_keys_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id),
  constraint tenant_keys_hash_length check (octet_length(key_hash) = 32),
  constraint tenant_keys_name_length check (length(name) between 1 and 80),
  constraint tenant_keys_mode_known check (mode in ('live', 'test')),
  constraint tenant_keys_scopes_known check (cardinality(scopes) > 0 and scopes <@ array['launches'])
) with (fillfactor = 80);

comment on table app.tenant_keys is 'keys of a store''s backend (tgt_…)';
comment on column app.tenant_keys.tenant_id is 'the store';
comment on column app.tenant_keys.key_id is 'UUIDv7, outside key_…';
comment on column app.tenant_keys.key_hash is 'SHA-256 of the whole key text';
comment on column app.tenant_keys.name is 'the platform''s name for it';
comment on column app.tenant_keys.mode is 'live or test; nothing that a test key started may cost money';
comment on column app.tenant_keys.prefix is 'the visible beginning';
comment on column app.tenant_keys.scopes is 'what it may do; see tenants/scopes.c';
comment on column app.tenant_keys.created_at is 'when it was made';
comment on column app.tenant_keys.last_used_at is 'when it was last used, to the minute';
comment on column app.tenant_keys.expires_at is 'set by a rotation: until then it works beside its successor';
comment on column app.tenant_keys.revoked_at is 'when it was revoked, or ended by a rotation without grace';
comment on column app.tenant_keys.replaced_by is 'the key that a rotation put in its place: a key is rotated once';

alter table app.tenant_keys enable row level security, force row level security;
create policy tenant on app.tenant_keys to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

commit;
