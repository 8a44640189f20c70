-- Verify tillgate:events on pg
begin;
select tenant_id, event_id, at, request_id, kind, user_id, actor_id, caller, address, detail from app.event_entries where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.event_entries'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.event_entries'::regclass;
select tenant_id, line, event_id, at, request_id, kind, user_id, actor_id, caller, detail, person_hash, prev_hash, hash from app.event_lines where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.event_lines'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.event_lines'::regclass;
select tenant_id, event_id, user_id, actor_id, salt, person from app.event_people where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.event_people'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.event_people'::regclass;
select tenant_id, line, hash, at, floor_line, floor_hash from app.event_heads where false;
select 1 / (relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner')::int from pg_class where oid = 'app.event_heads'::regclass;
select 1 / (count(*) > 0)::int from pg_policy where polrelid = 'app.event_heads'::regclass;
select tenant_id, event_id, line, at, request_id, kind, user_id, actor_id, caller, address, detail from app.events where false;
rollback;
