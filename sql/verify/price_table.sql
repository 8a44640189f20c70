-- Verify tillgate:price_table on pg
begin;
select 1 / (count(*) >= 250)::int from app.prices;
rollback;
