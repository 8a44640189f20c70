-- Verify tillgate:breakers on pg
begin;
select key, state, level, opened_at, until, half_open_at, probe_at, probes, closed_at, sent, verified, usual, usual_on from app.breakers where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.breakers'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.breakers'::regclass;
select tenant_id, minute, country, range, sent, verified from app.conversions where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.conversions'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.conversions'::regclass;
select tenant_id, country, day, sends from app.country_days where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.country_days'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.country_days'::regclass;
select key, tenant_id, send_id from app.probes where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.probes'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.probes'::regclass;
select name, up_to from app.roll_ups where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.roll_ups'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.roll_ups'::regclass;
rollback;
