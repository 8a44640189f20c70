-- Deploy tillgate:sends_money to pg
-- requires: sends velocity ledger
begin;
set local role tillgate_owner;

create domain app.money_state as text constraint money_state_known check (value in ('reserved', 'settled', 'released', 'refunded'));
comment on domain app.money_state is 'the last change to a text''s money, as in the ledger';

alter table app.sends
  add column purpose text,
  add column segments smallint not null default 1,
  add column reserved_micros bigint not null default 0,
  add column price_micros bigint not null default 0,
  add column money_state app.money_state,
  add column money_steps smallint not null default 0,
  add column price_due_at timestamptz,
  add column price_checks smallint not null default 0,
  add column feedback text,
  add column provider text,
  add column sender text;
create index sends_feedback_due on app.sends (created_at) where feedback = 'due';
create index sends_price_due on app.sends (price_due_at) where price_due_at is not null;

comment on column app.sends.purpose is 'of the code; as in app.challenges';
comment on column app.sends.segments is 'parts that the text is charged as';
comment on column app.sends.reserved_micros is 'price by segments, taken from every budget before the text existed';
comment on column app.sends.price_micros is 'what it costs, as far as is known now: the sum of its ledger lines';
comment on column app.sends.money_state is 'the last change to it; null: a test, which costs nothing';
comment on column app.sends.money_steps is 'how many changes';
comment on column app.sends.price_due_at is 'when the provider is asked for the real price; null once settled';
comment on column app.sends.price_checks is 'how often it was asked';
comment on column app.sends.feedback is 'due, once its code was answered: the provider shall hear that; told, once that is under way';
comment on column app.sends.provider is 'which driver posted it: messaging or verify';
comment on column app.sends.sender is 'the sender (messaging service) that a certain failure moved it to; null: the first';

grant select (purpose, segments, reserved_micros, price_micros, money_state, provider, sender) on app.sends to tillgate_reader;
-- a text that could not be delivered gives back its uses of the limits by phone and user
alter policy entered on app.velocity using (current_setting('app.caller', true) in ('session', 'system'));

commit;
