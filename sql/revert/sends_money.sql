-- Revert tillgate:sends_money from pg
begin;
alter policy entered on app.velocity using (current_setting('app.caller', true) = 'session');
alter table app.sends drop column purpose, drop column segments, drop column reserved_micros, drop column price_micros,
  drop column money_state, drop column money_steps, drop column price_due_at, drop column price_checks, drop column feedback, drop column provider, drop column sender;
drop domain app.money_state;
commit;
