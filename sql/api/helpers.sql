-- What the use cases share: the pinned caller, replies, identifiers, times, events, idempotency.
-- Functions of schema app have no pinned search_path of their own (a "set" clause costs a microsecond a call and
-- forbids inlining): they are only reached from functions that have one, and qualify every name.
-- "language sql" is for what Postgres 15 inlines: an expression, or one select used in a from clause. Anything else in
-- that language is planned anew at every call (100 microseconds and more), so it is plpgsql, which keeps its plans.

-- ---------------------------------------------------------------------------------------------- the pinned caller

create or replace function app.tenant() returns uuid language sql stable
return nullif(current_setting('app.tenant', true), '')::uuid;
comment on function app.tenant() is 'the pinned tenant';

create or replace function app.user_id() returns uuid language sql stable
return nullif(current_setting('app.user', true), '')::uuid;
comment on function app.user_id() is 'the pinned user';

create or replace function app.session_hash() returns bytea language sql stable
return decode(current_setting('app.session', true), 'hex');
comment on function app.session_hash() is 'token hash of the pinned session';

create or replace function app.request() returns uuid language sql stable
return nullif(current_setting('app.request', true), '')::uuid;
comment on function app.request() is 'id of the request under way';

-- Is the caller pinned, as one of these kinds? The first question of every function of schema api: behind an enter that
-- failed the answer is no.
create or replace function app.entered(variadic p_kinds text[]) returns boolean language sql stable
return coalesce(current_setting('app.caller', true), '') = any (p_kinds);

-- Forgets whatever an earlier call of the same transaction pinned.
create or replace function app.unpin() returns void language plpgsql as $$
begin
  perform set_config('app.caller', '', true), set_config('app.tenant', '', true), set_config('app.user', '', true),
          set_config('app.session', '', true), set_config('app.key', '', true),
          set_config('app.mode', '', true), set_config('app.idem_key', '', true), set_config('app.idem_hash', '', true),
          set_config('app.request', '', true), set_config('app.address', '', true);
end
$$;

-- ---------------------------------------------------------------------------------------------------------- replies

create or replace function app.ok(p_status integer, p_body json default null, p_etag text default null, p_sealed bytea default null)
returns api.reply language sql immutable
return row(p_status, null, p_body, p_etag, p_sealed, false)::api.reply;

create or replace function app.refuse(p_code text, p_body json default null) returns api.reply language sql immutable
return row(null, p_code, p_body, null, null, false)::api.reply;

-- The refusal of one field of the body.
create or replace function app.refuse_field(p_code text, p_pointer text) returns api.reply language sql immutable
return row(null, p_code, json_build_object('errors', json_build_array(json_build_object('pointer', p_pointer, 'code', 'invalid'))),
           null, null, false)::api.reply;

-- Whole seconds from now, at least one: what Retry-After says.
create or replace function app.seconds_until(p_time timestamptz) returns integer language sql stable
return greatest(1, ceil(extract(epoch from p_time - now())))::integer;

-- --------------------------------------------------------------------------------------------- identifiers and times

-- TypeID: prefix, underscore, the 128 bits as 26 characters of Crockford's base32 (two zero bits first). Two halves of 64 bits are shifted out
-- five bits at a time; the thirteenth character takes its bits from both.
create or replace function app.typeid(p_prefix text, p_id uuid) returns text language plpgsql immutable strict parallel safe as $$
declare
  alphabet constant bytea := '0123456789abcdefghjkmnpqrstvwxyz'::bytea;
  hex constant text := replace(p_id::text, '-', '');
  high constant bigint := ('x' || left(hex, 16))::bit(64)::bigint;
  low constant bigint := ('x' || right(hex, 16))::bit(64)::bigint;
begin
  return p_prefix || '_'
    || chr(get_byte(alphabet, (high >> 61 & 7)::int)) || chr(get_byte(alphabet, (high >> 56 & 31)::int))
    || chr(get_byte(alphabet, (high >> 51 & 31)::int)) || chr(get_byte(alphabet, (high >> 46 & 31)::int))
    || chr(get_byte(alphabet, (high >> 41 & 31)::int)) || chr(get_byte(alphabet, (high >> 36 & 31)::int))
    || chr(get_byte(alphabet, (high >> 31 & 31)::int)) || chr(get_byte(alphabet, (high >> 26 & 31)::int))
    || chr(get_byte(alphabet, (high >> 21 & 31)::int)) || chr(get_byte(alphabet, (high >> 16 & 31)::int))
    || chr(get_byte(alphabet, (high >> 11 & 31)::int)) || chr(get_byte(alphabet, (high >> 6 & 31)::int))
    || chr(get_byte(alphabet, (high >> 1 & 31)::int)) || chr(get_byte(alphabet, ((high & 1) << 4 | (low >> 60 & 15))::int))
    || chr(get_byte(alphabet, (low >> 55 & 31)::int)) || chr(get_byte(alphabet, (low >> 50 & 31)::int))
    || chr(get_byte(alphabet, (low >> 45 & 31)::int)) || chr(get_byte(alphabet, (low >> 40 & 31)::int))
    || chr(get_byte(alphabet, (low >> 35 & 31)::int)) || chr(get_byte(alphabet, (low >> 30 & 31)::int))
    || chr(get_byte(alphabet, (low >> 25 & 31)::int)) || chr(get_byte(alphabet, (low >> 20 & 31)::int))
    || chr(get_byte(alphabet, (low >> 15 & 31)::int)) || chr(get_byte(alphabet, (low >> 10 & 31)::int))
    || chr(get_byte(alphabet, (low >> 5 & 31)::int)) || chr(get_byte(alphabet, (low & 31)::int));
end
$$;

-- RFC 3339, UTC, milliseconds.
create or replace function app.time(p_time timestamptz) returns text language sql stable
return to_char(p_time at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- The strings of a JSON array.
create or replace function app.strings(p_array json) returns text[] language sql immutable
return (select coalesce(array_agg(e.value order by e.ordinality), '{}')
          from json_array_elements_text(p_array) with ordinality as e (value, ordinality));

-- ----------------------------------------------------------------------------------------------------------- events

-- 16 random bytes, of which nobody else knows. The one thing that chance decides here; ids come from C.
create or replace function app.salt() returns bytea language plpgsql volatile as $$
begin
  return decode(replace(gen_random_uuid()::text, '-', ''), 'hex');
end
$$;

-- The id of an event: a UUIDv7 whose time goes down to the microsecond; the rest, where others have chance, is a hash of what makes
-- the event. So the same kind twice in one request is one event, and ids sort by time.
create or replace function app.event_id(p_at timestamptz, p_request_id uuid, p_kind text, p_user_id uuid) returns uuid language plpgsql immutable as $$
declare
  micros constant bigint := (extract(epoch from p_at) * 1000000)::bigint;
  rest constant text := encode(sha256(convert_to(concat_ws('|', p_request_id, p_kind, p_user_id), 'utf8')), 'hex');
begin
  return (lpad(to_hex(micros / 1000), 12, '0') || '7' || lpad(to_hex(micros % 1000 * 4096 / 1000), 3, '0')
          || substr('89ab', 1 + ascii(rest) % 4, 1) || substr(rest, 2, 15))::uuid;
end
$$;

-- Adds an event to the audit trail of the pinned tenant. Members of p_detail that app.event_personal names are kept apart when it is chained.
create or replace function app.event(p_kind text, p_user_id uuid default null, p_detail json default null) returns void
language plpgsql as $$
declare
  actor constant uuid := app.user_id();
  subject constant uuid := coalesce(p_user_id, actor);
  id constant uuid := app.event_id(now(), app.request(), p_kind, subject);
begin
  insert into app.event_entries (tenant_id, event_id, at, request_id, kind, user_id, actor_id, caller, address, detail)
  values (app.tenant(), id, date_trunc('milliseconds', now()), app.request(), p_kind, subject,
          nullif(actor, subject), current_setting('app.caller', true), nullif(current_setting('app.address', true), ''), p_detail)
  on conflict do nothing;
  if found then
    perform app.webhooks_tell(id, app.tenant(), p_kind, subject, p_detail), app.mails_tell(id, app.tenant(), p_kind, subject, p_detail);
  end if;
end
$$;

-- ------------------------------------------------------------------------------------------------------ idempotency

-- Takes the caller's Idempotency-Key for p_endpoint. Returns a null row when the call is the first and must run (app.idem_end then
-- keeps its answer); otherwise the answer to give: the first one again, or a refusal.
-- A second call beside the first waits for it on the primary key. When that takes longer than lock_timeout it is refused,
-- not failed: the sub-block turns the one error that can arise here into a row.
create or replace function app.idem_begin(p_endpoint text) returns api.reply language plpgsql as $$
declare
  tenant constant uuid := coalesce(app.tenant(), '00000000-0000-0000-0000-000000000000'::uuid);
  caller constant uuid := nullif(current_setting('app.key', true), '')::uuid;
  sent_key constant text := nullif(current_setting('app.idem_key', true), '');
  hash constant bytea := decode(current_setting('app.idem_hash', true), 'hex');
  first app.idempotency;
begin
  if sent_key is null then
    return app.refuse('idempotency_key_missing');
  end if;
  -- an answer older than a day is forgotten, whether or not the clean-up has come by
  delete from app.idempotency i
   where i.tenant_id = tenant and i.key_id = caller and i.endpoint = p_endpoint and i.idem_key = sent_key
     and i.created_at <= now() - interval '24 hours';
  begin
    insert into app.idempotency (tenant_id, key_id, endpoint, idem_key, body_hash)
    values (tenant, caller, p_endpoint, sent_key, hash)
    on conflict on constraint idempotency_pk do nothing;
    if found then
      return null;
    end if;
  exception when lock_not_available then
    return app.refuse('idempotency_key_in_use', json_build_object('retry_after', 1));
  end;
  select * into first
    from app.idempotency i
   where i.tenant_id = tenant and i.key_id = caller and i.endpoint = p_endpoint and i.idem_key = sent_key;
  if not found then  -- the first call failed between our insert and this read
    return app.refuse('idempotency_key_in_use', json_build_object('retry_after', 1));
  end if;
  if first.body_hash is distinct from hash then
    return app.refuse('idempotency_key_reused');
  end if;
  return row(first.status, first.code, first.body, first.etag, first.sealed, true)::api.reply;
end
$$;

-- Keeps p_reply as the answer to the caller's Idempotency-Key, and returns it.
create or replace function app.idem_end(p_endpoint text, p_reply api.reply) returns api.reply language plpgsql as $$
begin
  update app.idempotency i
     set status = p_reply.status, code = p_reply.code, body = p_reply.body, etag = p_reply.etag, sealed = p_reply.sealed
   where i.tenant_id = coalesce(app.tenant(), '00000000-0000-0000-0000-000000000000'::uuid)
     and i.key_id = current_setting('app.key', true)::uuid
     and i.endpoint = p_endpoint
     and i.idem_key = current_setting('app.idem_key', true);
  return p_reply;
end
$$;
