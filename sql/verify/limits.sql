-- Verify tillgate:limits on pg
begin;
select tenant_id, day_micros, month_micros, reserve_percent, max_price_micros, shadow, ramp_lifted_by, ramp_lifted_reason, version, updated_at from app.tenant_limits where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.tenant_limits'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.tenant_limits'::regclass;
select tenant_id, country, day_micros, stopped from app.country_limits where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.country_limits'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.country_limits'::regclass;
select key, currency, hour_micros, day_micros, reserve_percent, denied_countries, version, updated_at from app.platform_limits where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.platform_limits'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.platform_limits'::regclass;
select key, cause, reason, until, set_by, set_at from app.stops where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.stops'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.stops'::regclass;
rollback;
