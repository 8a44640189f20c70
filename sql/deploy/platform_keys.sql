-- Deploy tillgate:platform_keys to pg
-- requires: schemas
begin;
set local role tillgate_owner;

create table app.platform_keys (
  key_id uuid not null,
  key_hash bytea not null,
  name text not null,
  mode text not null,
  prefix text not null,
  scopes text[] not null
    default '{tenants:read,tenants:write,keys:write,users:read,users:write,limits:write,stops:write,usage:read,audit:read,webhooks:write,exports:write}',
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz,
  constraint platform_keys_pk primary key (key_id),
  constraint platform_keys_hash_once unique (key_hash),
  constraint platform_keys_hash_length check (octet_length(key_hash) = 32),
  constraint platform_keys_name_length check (length(name) between 1 and 80),
  constraint platform_keys_mode_known check (mode in ('live', 'test')),
  constraint platform_keys_scopes_known check (cardinality(scopes) > 0 and scopes <@ array[
    'tenants:read', 'tenants:write', 'keys:write',
    'users:read', 'users:write', 'limits:write', 'stops:write', 'usage:read', 'audit:read', 'webhooks:write', 'exports:write'])
) with (fillfactor = 80);

comment on table app.platform_keys is 'platform table: keys of the platform''s backend (tgp_…)';
comment on column app.platform_keys.key_id is 'UUIDv7, outside key_…';
comment on column app.platform_keys.key_hash is 'SHA-256 of the whole key text';
comment on column app.platform_keys.name is 'the operator''s name for it';
comment on column app.platform_keys.mode is 'live or test';
comment on column app.platform_keys.prefix is 'the visible beginning';
comment on column app.platform_keys.scopes is 'what it may do; see tenants/scopes.c';
comment on column app.platform_keys.created_at is 'when it was made';
comment on column app.platform_keys.last_used_at is 'when it was last used, to the minute';
comment on column app.platform_keys.revoked_at is 'when it was revoked';

alter table app.platform_keys enable row level security, force row level security;
create policy entered on app.platform_keys to tillgate_owner
  using (current_setting('app.caller', true) in ('platform', 'operator'));

commit;
