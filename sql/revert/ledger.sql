-- Revert tillgate:ledger from pg
begin;
drop table app.ledger_heads, app.ledger, app.ledger_entries;
drop domain app.ledger_kind;
commit;
