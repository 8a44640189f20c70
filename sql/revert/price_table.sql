-- Revert tillgate:price_table from pg
begin;
delete from app.prices where source = 'builtin';
commit;
