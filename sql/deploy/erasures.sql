-- Deploy tillgate:erasures to pg
-- requires: users
-- requires: velocity
-- requires: suppressions
begin;
set local role tillgate_owner;

alter table app.users add column erased_at timestamptz;
comment on column app.users.erased_at is 'when everything that says who this was went; the row stays, because texts and their money refer to it';

-- what the limits remember of a number or an address goes with its user
create policy platform_erases on app.velocity to tillgate_owner
  using (current_setting('app.caller', true) = 'platform');
create policy platform_erases on app.suppressions to tillgate_owner
  using (current_setting('app.caller', true) = 'platform');

commit;
