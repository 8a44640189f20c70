-- Deploy tillgate:schemas to pg
-- The four schemas, the row that every function of schema api returns, and who may use what.
begin;

create schema app authorization tillgate_owner;
create schema api authorization tillgate_owner;
create schema operator authorization tillgate_owner;
create schema jobs authorization tillgate_jobs;

comment on schema app is 'tables and helpers; nobody but the owner reaches them';
comment on schema api is 'the use cases, called by the server; always behind one of the enter functions';
comment on schema operator is 'what the operator''s subcommands call';
comment on schema jobs is 'what must look across tenants: due sends, expiry, clean-up; owned by tillgate_jobs';

grant usage on schema api to tillgate_server;
grant usage on schema operator to tillgate_operator;
grant usage on schema app to tillgate_jobs, tillgate_reader;
grant usage on schema jobs to tillgate_owner;
-- tillgate_jobs returns and builds the same rows as everybody else
grant usage on schema api to tillgate_jobs;

alter default privileges for role tillgate_owner revoke execute on functions from public;
alter default privileges for role tillgate_jobs revoke execute on functions from public;

set local role tillgate_owner;

create type api.reply as (
  status integer,
  code text,
  body json,
  etag text,
  sealed bytea,
  replayed boolean
);
comment on type api.reply is 'the answer of a use case: status on success; else code, a problem code, and body, what else the problem says';
comment on column api.reply.status is 'HTTP status of a success; 102 means that C must compare a code first; null for a refusal';
comment on column api.reply.code is 'problem code of a refusal, null for a success';
comment on column api.reply.body is 'the JSON body of a success, or extra members of the problem';
comment on column api.reply.etag is 'version of the thing that was read, for If-Match';
comment on column api.reply.sealed is 'a sealed secret that C opens and merges into the body';
comment on column api.reply.replayed is 'true when an Idempotency-Key brought back an earlier answer';

create type api.entered as (
  code text,
  tenant_id uuid,
  user_id uuid,
  mode text
);
comment on type api.entered is 'the verdict of enter: code is null when the caller was pinned, else a problem code and nothing is pinned';
comment on column api.entered.code is 'problem code of a refusal, null when pinned';
comment on column api.entered.tenant_id is 'the pinned tenant';
comment on column api.entered.user_id is 'the pinned user';
comment on column api.entered.mode is 'live, or test: nothing of it may cost money';

commit;
