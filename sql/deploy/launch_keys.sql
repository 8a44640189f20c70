-- Deploy tillgate:launch_keys to pg
-- requires: tenants
begin;
set local role tillgate_owner;

create table app.launch_keys (
  tenant_id uuid not null,
  launch_key_id uuid not null,
  name text not null,
  mode text not null,
  algorithm text not null,
  source text not null,
  secret_sealed bytea,
  jwks_url text,
  fetch_due_at timestamptz,
  fetch_tried_at timestamptz,
  fetched_at timestamptz,
  fetch_failures smallint not null default 0,
  fetch_error text,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  last_refused_at timestamptz,
  last_refusal text,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint launch_keys_pk primary key (tenant_id, launch_key_id),
  constraint launch_keys_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id),
  constraint launch_keys_name_length check (length(name) between 1 and 80),
  constraint launch_keys_mode_known check (mode in ('live', 'test')),
  constraint launch_keys_algorithm_known check (algorithm in ('EdDSA', 'ES256', 'RS256', 'HS256')),
  constraint launch_keys_source_known check (source in ('jwk', 'pem', 'jwks', 'jwks_url', 'secret')),
  constraint launch_keys_secret_is_symmetric check ((source = 'secret') = (algorithm = 'HS256') and (source = 'secret') = (secret_sealed is not null)),
  constraint launch_keys_url_is_fetched check ((source = 'jwks_url') = (jwks_url is not null) and (source = 'jwks_url') = (fetch_due_at is not null))
) with (fillfactor = 80);
create index launch_keys_fetch_due on app.launch_keys (fetch_due_at) where revoked_at is null;

comment on table app.launch_keys is 'keys that a store signs launch tokens with';
comment on column app.launch_keys.tenant_id is 'the store';
comment on column app.launch_keys.launch_key_id is 'UUIDv7, outside launch_key_…';
comment on column app.launch_keys.name is 'the platform''s name for it';
comment on column app.launch_keys.mode is 'live or test; nothing that a test key launched may cost money';
comment on column app.launch_keys.algorithm is 'the only one that its tokens may be signed with; never what a token says';
comment on column app.launch_keys.source is 'where its public keys come from: one jwk, one pem, a jwks sent or fetched (jwks_url); or the shared secret of HS256';
comment on column app.launch_keys.secret_sealed is 'HS256: the shared secret in base64url';
comment on column app.launch_keys.jwks_url is 'where the set of public keys is fetched from';
comment on column app.launch_keys.fetch_due_at is 'when it is fetched next';
comment on column app.launch_keys.fetch_tried_at is 'when that was last begun; a token with an unknown kid brings the next forward, not closer than a minute';
comment on column app.launch_keys.fetched_at is 'when it was last read; a day later its keys are not used any more';
comment on column app.launch_keys.fetch_failures is 'in a row; each doubles the pause, up to an hour';
comment on column app.launch_keys.fetch_error is 'why the last fetch gave nothing; null after one that did';
comment on column app.launch_keys.created_at is 'when it was made';
comment on column app.launch_keys.last_used_at is 'the last launch, to the minute';
comment on column app.launch_keys.last_refused_at is 'the last well-signed token that was refused all the same; at most one a minute is noted';
comment on column app.launch_keys.last_refusal is 'what was wrong with it: the name of a claim, mostly';
comment on column app.launch_keys.expires_at is 'end of its grace, after a rotation';
comment on column app.launch_keys.revoked_at is 'when it was revoked';

create table app.launch_key_kids (
  tenant_id uuid not null,
  launch_key_id uuid not null,
  kid text not null,
  public_key bytea,
  retired_at timestamptz,
  constraint launch_key_kids_pk primary key (tenant_id, launch_key_id, kid),
  constraint launch_key_kids_key_fk foreign key (tenant_id, launch_key_id) references app.launch_keys (tenant_id, launch_key_id),
  constraint launch_key_kids_kid_shape check (kid ~ '^[!-~]{1,128}$')
) with (fillfactor = 80);
create unique index launch_key_kids_once on app.launch_key_kids (tenant_id, kid) where retired_at is null;

comment on table app.launch_key_kids is 'what tokens name: one row per public key of a launch key';
comment on column app.launch_key_kids.tenant_id is 'the store';
comment on column app.launch_key_kids.launch_key_id is 'whose';
comment on column app.launch_key_kids.kid is 'key id; of all keys of the store in use, one has it';
comment on column app.launch_key_kids.public_key is 'SubjectPublicKeyInfo in DER; null for the shared secret of HS256';
comment on column app.launch_key_kids.retired_at is 'when the key ended, or its set named it no more';

create table app.launch_tokens (
  tenant_id uuid not null,
  jti_hash bytea not null,
  expires_at timestamptz not null,
  constraint launch_tokens_pk primary key (tenant_id, jti_hash),
  constraint launch_tokens_tenant_fk foreign key (tenant_id) references app.tenants (tenant_id),
  constraint launch_tokens_hash_length check (octet_length(jti_hash) = 32)
);
create index launch_tokens_expiry on app.launch_tokens using brin (expires_at) with (autosummarize = on);

comment on table app.launch_tokens is 'launch tokens that were redeemed: each once';
comment on column app.launch_tokens.tenant_id is 'the store';
comment on column app.launch_tokens.jti_hash is 'SHA-256 of the token''s jti';
comment on column app.launch_tokens.expires_at is 'when the token would be refused for its age alone: its exp and the skew allowed';

alter table app.launch_keys enable row level security, force row level security;
create policy tenant on app.launch_keys to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.launch_keys to tillgate_jobs using (true);
grant select, update (fetch_due_at, fetch_tried_at) on app.launch_keys to tillgate_jobs;

alter table app.launch_key_kids enable row level security, force row level security;
create policy tenant on app.launch_key_kids to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table app.launch_tokens enable row level security, force row level security;
create policy tenant on app.launch_tokens to tillgate_owner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy jobs on app.launch_tokens to tillgate_jobs using (true);
grant select, delete on app.launch_tokens to tillgate_jobs;

commit;
