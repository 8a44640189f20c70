-- The audit trail: what of an event is personal, and how a line is hashed.

-- Members of an event's detail that may say who somebody is. They go with the user when he is erased; the line that is hashed does without them.
create or replace function app.event_personal() returns text[] language sql immutable
return array['to', 'name', 'email', 'external_id', 'number', 'hint', 'by', 'approved_by', 'reason', 'user_agent', 'address', 'account', 'subject'];

-- The personal part of an event: its address and those members; null when there are none.
create or replace function app.event_person(p_address text, p_detail jsonb) returns jsonb language plpgsql immutable as $$
begin
  return nullif(coalesce((select jsonb_object_agg(d.key, d.value) from jsonb_each(p_detail) d where d.key = any (app.event_personal())), '{}')
                || jsonb_strip_nulls(jsonb_build_object('address', p_address)), '{}');
end
$$;

-- What stands for it in the line: SHA-256 of the 16 bytes of salt and the part as Postgres writes jsonb (keys by length, then by byte; ", " and ": ").
create or replace function app.event_person_hash(p_salt bytea, p_person jsonb) returns bytea language sql immutable
return sha256(p_salt || convert_to(p_person::text, 'utf8'));

-- What the first line's prev_hash is: SHA-256 of "tillgate events 1|" and the store's id as it is written outside.
create or replace function app.event_root(p_tenant_id uuid) returns bytea language sql immutable
return sha256(convert_to('tillgate events 1|' || app.typeid('tenant', p_tenant_id), 'utf8'));

-- The text of a line: line|at|id|kind|user|actor|caller|request|person_hash|detail, each as lists show it and empty when null; detail without what is personal, as
-- Postgres writes jsonb. Its hash is SHA-256 of the 32 bytes of prev_hash and this text in UTF-8.
create or replace function app.event_text(p_line bigint, p_at timestamptz, p_event_id uuid, p_kind text, p_user_id uuid, p_actor_id uuid, p_caller text,
                                          p_request_id uuid, p_person_hash bytea, p_detail jsonb)
returns text language sql stable
return p_line || '|' || app.time(p_at) || '|' || app.typeid('event', p_event_id) || '|' || p_kind || '|' || coalesce(app.typeid('user', p_user_id), '') || '|'
  || coalesce(app.typeid('user', p_actor_id), '') || '|' || p_caller || '|' || app.typeid('request', p_request_id) || '|'
  || coalesce(encode(p_person_hash, 'hex'), '') || '|' || coalesce(p_detail::text, '');
