-- A text on its way. The one function that moves it is app.send_move; everything else asks it to.

-- May a text go from one state to the other? Forward only; what is decided stays, except that unknown may still become known.
create or replace function app.send_may(p_from text, p_to text) returns boolean language sql immutable
return case p_to
  when 'in_flight' then p_from = 'queued'
  when 'queued' then p_from = 'in_flight'                                              -- certainly not posted: once more
  when 'ambiguous' then p_from = 'in_flight'                                           -- posted or not, nobody knows
  when 'accepted' then p_from in ('queued', 'in_flight', 'ambiguous')
  when 'sent' then p_from in ('queued', 'in_flight', 'ambiguous', 'accepted')
  when 'unknown' then p_from in ('in_flight', 'ambiguous', 'accepted', 'sent')         -- nobody will know
  when 'refused' then p_from in ('queued', 'in_flight', 'ambiguous')
  when 'delivered' then p_from not in ('delivered', 'undelivered', 'failed', 'expired', 'refused')
  when 'undelivered' then p_from not in ('delivered', 'undelivered', 'failed', 'expired', 'refused')
  when 'failed' then p_from not in ('delivered', 'undelivered', 'failed', 'expired', 'refused')
  when 'expired' then p_from not in ('delivered', 'undelivered', 'failed', 'expired', 'refused')
  else false end;

-- How long after a wait began the provider is asked for the time number p_checks (from 0); null when there is no further one.
create or replace function app.send_check_after(p_state text, p_checks integer) returns interval language sql immutable
return case when p_state = 'ambiguous' then (array[interval '3 seconds', interval '10 seconds', interval '30 seconds'])[p_checks + 1]
            when p_state in ('accepted', 'sent') then (array[interval '15 seconds', interval '60 seconds', interval '300 seconds'])[p_checks + 1] end;

-- Moves a text to p_to, if app.send_may allows and p_fence (null: whatever it is) is the present one. Says whether it moved. What the end of a text
-- brings about is app.send_lost. The wait for the provider begins once, when it is first known to have the text.
create or replace function app.send_move(p_tenant_id uuid, p_send_id uuid, p_fence bigint, p_to text, p_sid text default null,
                                         p_error_code bigint default null, p_reason text default null, p_due_at timestamptz default null)
returns boolean language plpgsql as $$
declare
  code record;
  moved record;
begin
  select * into code from app.provider_code(p_error_code);  -- all null without a code, or with one that we do not know
  update app.sends s
     set state = p_to,
         sid = coalesce(s.sid, p_sid),
         error_code = coalesce(p_error_code, s.error_code),
         reason = case when p_to in ('accepted', 'sent', 'delivered', 'in_flight') then null
                       else coalesce(p_reason, code.reason, s.reason) end,
         fence = s.fence + (p_to = 'in_flight')::integer,
         attempts = s.attempts + (p_to = 'in_flight')::integer,
         posted_at = case when p_to = 'in_flight' then now() else s.posted_at end,
         moved_at = case when p_to = 'sent' and s.state = 'accepted' then s.moved_at else now() end,
         checks = case when p_to = 'sent' and s.state = 'accepted' then s.checks else 0 end,
         due_at = case
           when p_to = 'in_flight' then now() + interval '20 seconds'  -- the lease
           when p_to = 'queued' then p_due_at
           when p_to = 'sent' and s.state = 'accepted' then s.due_at
           else now() + app.send_check_after(p_to, 0) end,
         price_checks = 0,
         price_due_at = case when s.money_state = 'reserved' and p_to in ('delivered', 'undelivered', 'failed', 'expired', 'unknown')
                             then now() + app.price_check_after(0) end
   where s.tenant_id = p_tenant_id and s.send_id = p_send_id
     and (p_fence is null or s.fence = p_fence)
     and app.send_may(s.state, p_to)
  returning s.user_id, s.platform_index, s.created_at, s.sid, s.money_state into moved;
  if not found then
    return false;
  end if;
  if p_to in ('undelivered', 'failed', 'refused', 'expired') then
    if p_to <> 'expired' and code.strikes is not null then
      perform app.strike(moved.platform_index, code.reason, code.strikes, code.in_window, code.rests);
    end if;
    perform app.send_lost(p_tenant_id, p_send_id, moved.user_id, moved.platform_index, moved.created_at,
                          moved.sid is null and moved.money_state = 'reserved');
  end if;
  return true;
end
$$;

-- A text did not arrive: it does not count against its user and number. p_unpaid: the provider never had it, so its money comes back, too; what the
-- provider has taken is charged even when it is not delivered, and settled at the real price. Rows are taken in the order of sms/layers.sql.
create or replace function app.send_lost(p_tenant_id uuid, p_send_id uuid, p_user_id uuid, p_platform_index bytea, p_asked_at timestamptz, p_unpaid boolean)
returns void language plpgsql as $$
declare
  phone constant text := encode(p_platform_index, 'hex');
begin
  perform app.velocity_give_back('phone', phone, p_asked_at);
  perform app.velocity_give_back('phone_unverified', phone, p_asked_at);
  perform app.velocity_give_back('user', p_tenant_id || ':' || p_user_id, p_asked_at);
  if p_unpaid then
    perform app.money_change(p_tenant_id, p_send_id, 0, 'released');
  end if;
end
$$;

-- How long after the end of a text the provider is asked for its price for the time number p_checks (from 0); null when there is no further one.
create or replace function app.price_check_after(p_checks integer) returns interval language sql immutable
return (array[interval '1 minute', interval '5 minutes', interval '15 minutes', interval '60 minutes'])[p_checks + 1];

-- Counts one failure against a number; the last of p_strikes within p_window rests it.
create or replace function app.strike(p_platform_index bytea, p_reason text, p_strikes integer, p_window interval, p_rests interval)
returns void language plpgsql as $$
begin
  insert into app.suppressions as s (platform_index, reason, strikes, until)
  values (p_platform_index, p_reason, array[now()], case when p_strikes = 1 then now() + p_rests end)
  on conflict on constraint suppressions_pk do update
    set strikes = array(select t from unnest(s.strikes) t where t > now() - p_window) || now(),
        until = case when (select count(*) from unnest(s.strikes) t where t > now() - p_window) + 1 >= p_strikes
                     then now() + p_rests else s.until end;
end
$$;

-- The sender takes a queued text and has 20 seconds to post it; this commits before the post. Returns 200 with what the post needs (sealed
-- values in hex), or gone: somebody else has it, it is decided, or its code is no longer worth sending.
create or replace function api.send_claim(p_send_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  text_ record;
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  select s.send_id, s.phone_id, s.challenge_id, s.user_id, s.mode, s.attempts, s.created_at, s.state as send_state,
         c.state as challenge_state, c.send_id as latest, c.code_sealed, c.expires_at, c.purpose, p.number_sealed, u.locale,
         t.name, t.slug, t.status in ('trial', 'active') as tenant_active, s.country
    into text_
    from app.sends s
    join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
    join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
    join app.tenants t on t.tenant_id = s.tenant_id
    left join app.phones p on p.tenant_id = s.tenant_id and p.user_id = s.user_id and p.phone_id = s.phone_id
   where s.tenant_id = app.tenant() and s.send_id = p_send_id;
  if not found or text_.send_state <> 'queued' then
    return app.refuse('gone');
  end if;
  -- the provider takes no shorter validity than 10 seconds; nothing stays undecided for more than 6 minutes; of two texts with one code that wait
  -- for the provider only the later is sent; and a kill switch holds for those that wait, too
  if text_.latest <> p_send_id or text_.created_at <= now() - interval '350 seconds' or text_.challenge_state <> 'live'
     or text_.expires_at <= now() + interval '10 seconds' or text_.number_sealed is null or not text_.tenant_active
     or text_.mode = 'live' and exists (
       select from app.stops x where x.key = any (app.stop_keys(app.tenant(), text_.country)) and x.cause = 'switch') then
    perform app.send_move(app.tenant(), p_send_id, null, 'expired', p_reason => 'expired');
    return app.refuse('gone');
  end if;
  if not app.send_move(app.tenant(), p_send_id, null, 'in_flight') then
    return app.refuse('gone');
  end if;
  return app.ok(200, (
    select json_build_object(
      'fence', s.fence, 'attempt', s.attempts, 'mode', s.mode, 'purpose', text_.purpose, 'sender', s.sender,
      'challenge_id', s.challenge_id, 'user_id', s.user_id, 'phone_id', s.phone_id,
      'to_sealed', encode(text_.number_sealed, 'hex'), 'code_sealed', encode(text_.code_sealed, 'hex'),
      'expires_in', floor(extract(epoch from text_.expires_at - now()))::integer,
      'store', text_.name, 'slug', text_.slug, 'locale', text_.locale)
      from app.sends s where s.tenant_id = app.tenant() and s.send_id = p_send_id));
end
$$;

-- The sender reports how its post ended, and which driver posted it; p_sender: which sender posts it next, when it is another than the first. p_outcome:
-- accepted (p_sid), retry (certainly not posted; again in p_retry_in_ms), refused or failed (certain and final), ambiguous (nobody knows), expired,
-- delivered (test mode). All but accepted, ambiguous and delivered may touch shared rows: they commit alone. Returns 204; gone, when the claim is not this
-- one's any more.
create or replace function api.send_outcome(p_send_id uuid, p_fence bigint, p_outcome text, p_sid text, p_error_code bigint, p_reason text,
                                            p_retry_in_ms bigint, p_provider text, p_sender text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  due timestamptz := now() + make_interval(secs => greatest(coalesce(p_retry_in_ms, 1000), 0) / 1000.0);
  wanted text := case p_outcome when 'retry' then 'queued' else p_outcome end;
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  update app.sends s set provider = coalesce(p_provider, s.provider), sender = coalesce(p_sender, s.sender)
   where s.tenant_id = app.tenant() and s.send_id = p_send_id and s.fence = p_fence
     and (p_provider is distinct from s.provider or p_sender is distinct from s.sender) and coalesce(p_provider, p_sender) is not null;
  -- a retry that would come when the code is dead is none
  if wanted = 'queued' and not exists (
       select from app.sends s join app.challenges c
                on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
        where s.tenant_id = app.tenant() and s.send_id = p_send_id and c.state = 'live' and c.expires_at > due + interval '10 seconds') then
    wanted := 'failed';
  end if;
  if app.send_move(app.tenant(), p_send_id, p_fence, wanted, p_sid, p_error_code, p_reason, due) then
    return app.ok(204);
  end if;
  -- a callback was faster: the sid is news all the same
  update app.sends s set sid = p_sid
   where s.tenant_id = app.tenant() and s.send_id = p_send_id and s.fence = p_fence and s.sid is null and p_sid is not null;
  return case when found then app.ok(204) else app.refuse('gone') end;
end
$$;

-- The sender looks for work that no request has poked it for. Returns 200 with a list of {tenant_id, send_id, action}: claim, resolve
-- (ambiguous), poll (accepted, no callback), price (ended, its real price not known; see send_settle) or
-- feedback (its code was answered; the provider is told so, once). Across tenants, so the work is done in jobs.sends_due.
create or replace function api.sends_due(p_limit bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  return app.ok(200, jobs.sends_due(p_limit));
end
$$;

-- The sender reads what it needs to look for a text at the provider. Returns 200 with the sealed number and code, the sid if it is known and
-- when the post began (sent_at, milliseconds since 1970); or gone, when the text is decided or unknown here.
create or replace function api.send_look(p_send_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  looked json;
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  select json_build_object(
           'sid', s.sid, 'mode', s.mode, 'provider', s.provider, 'sender', s.sender, 'reserved_micros', s.reserved_micros,
           'sent_at', (extract(epoch from s.posted_at) * 1000)::bigint,
           'challenge_id', s.challenge_id, 'user_id', s.user_id, 'phone_id', s.phone_id,
           'to_sealed', encode(p.number_sealed, 'hex'), 'code_sealed', encode(c.code_sealed, 'hex'), 'purpose', c.purpose,
           'expires_in', case when c.state = 'live' then greatest(0, floor(extract(epoch from c.expires_at - now())))::integer end,
           'store', t.name, 'slug', t.slug, 'locale', u.locale)
    into looked
    from app.sends s
    join app.challenges c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.challenge_id = s.challenge_id
    join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
    join app.tenants t on t.tenant_id = s.tenant_id
    left join app.phones p on p.tenant_id = s.tenant_id and p.user_id = s.user_id and p.phone_id = s.phone_id
   where s.tenant_id = app.tenant() and s.send_id = p_send_id and (s.due_at is not null or s.price_due_at is not null or s.feedback = 'told');
  if not found then
    return app.refuse('gone');
  end if;
  return app.ok(200, looked);
end
$$;

-- The sender reports what it found at the provider; p_sid null: nothing. Returns 204; taken, when that message is another text's; or not_found.
create or replace function api.send_resolve(p_send_id uuid, p_sid text, p_status text, p_error_code bigint, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.send_heard(p_send_id, p_sid, p_status, p_error_code, p_reason, true);
end
$$;

-- A word from the provider about a text. One message belongs to one text: sends_sid_once decides. When the word was found by searching (p_searched), a message that
-- another text has is not ours: taken. A callback carries the id of its text under a MAC, so it is believed without the sid.
-- Returns 204 (also when it was old news), or not_found.
create or replace function app.send_heard(p_send_id uuid, p_sid text, p_status text, p_error_code bigint, p_reason text, p_searched boolean)
returns api.reply language plpgsql as $$
declare
  state constant text := app.provider_state(p_status, p_error_code);
begin
  if not exists (select from app.sends s where s.tenant_id = app.tenant() and s.send_id = p_send_id) then
    return app.refuse('not_found');
  end if;
  if p_sid is null or state is null then
    return app.ok(204);
  end if;
  begin
    perform app.send_move(app.tenant(), p_send_id, null, state, p_sid, p_error_code, p_reason);
  exception when unique_violation then
    if p_searched then
      return app.refuse('taken');
    end if;
    perform app.send_move(app.tenant(), p_send_id, null, state, null, p_error_code, p_reason);
  end;
  return app.ok(204);
end
$$;
