-- Verify tillgate:sends_money on pg
begin;
select purpose, segments, reserved_micros, price_micros, money_state, money_steps, price_due_at, price_checks, feedback, provider, sender from app.sends where false;
select 1 / (count(*) = 1)::int from pg_policy where polrelid = 'app.velocity'::regclass and pg_get_expr(polqual, polrelid) like '%system%';
rollback;
