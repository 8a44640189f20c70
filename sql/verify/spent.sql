-- Verify tillgate:spent on pg
begin;
select tenant_id, hour_start, hour_micros, day_start, day_micros, day_sends, month_start, month_micros from app.spent where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.spent'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.spent'::regclass;
select tenant_id, country, day_start, micros, sends from app.spent_countries where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.spent_countries'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.spent_countries'::regclass;
select hour_start, hour_micros, day_start, day_micros from app.platform_spent where false;
select slot, hour_start, hour_cap, hour_most, hour_micros, day_start, day_cap, day_most, day_micros from app.platform_slots where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.platform_slots'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.platform_slots'::regclass;
select tenant_id, span, start, percent from app.budget_alerts where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.budget_alerts'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.budget_alerts'::regclass;
rollback;
