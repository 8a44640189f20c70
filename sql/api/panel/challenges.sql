-- Starting a challenge: every limit, the challenge and its text in one transaction. And reading one.

-- How long after text number p_series the next may be asked for.
create or replace function app.resend_gap(p_series integer) returns interval language sql immutable
return case p_series when 1 then interval '60 seconds' when 2 then interval '120 seconds' else interval '300 seconds' end;

-- Sends a code for p_purpose to phone p_phone_id of the pinned user: the same code again while the challenge has 2 minutes left (no new tries), else a
-- new challenge that supersedes the old. Commits alone. Returns 202 with the challenge, or the refusal of the first layer (app.layers) that refuses.
create or replace function app.challenge_start(p_purpose text, p_phone_id uuid, p_challenge_id uuid, p_send_id uuid, p_code_mac bytea,
                                               p_code_sealed bytea, p_key_version bigint, p_segments bigint)
returns api.reply language plpgsql as $$
declare
  live constant boolean := current_setting('app.mode', true) = 'live';
  rules app.rules;
  phone app.phones;
  micros bigint;
  last record;
  text_number integer := 1;  -- how many texts in a row this makes
  challenge app.challenges;
  refusal api.reply;
  code text;
  detail text;
begin
  select * into phone from app.phones p
   where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.phone_id = p_phone_id;
  if not found then  -- removed since the caller looked
    return app.refuse('no_phone', json_build_object('alternatives', app.alternatives('sms')));
  end if;
  select r.* into rules from app.send_rules(phone.tenant_id, phone.country, phone.range, phone.platform_index) r;
  micros := rules.price_micros * greatest(p_segments, 1);
  if app.barred(phone.country, rules, micros) then
    refusal := app.send_barred(phone, rules, micros);
    if refusal.code is not null then
      return app.refuse_send(phone, micros, p_purpose, refusal);
    end if;
  end if;

  -- the latest challenge of this purpose decides the gap, if it went to the same number and was not answered
  select c.challenge_id, c.series, c.resend_at, s.state in ('undelivered', 'failed', 'refused', 'expired') as lost,
         c.state <> 'used' and c.platform_index = phone.platform_index and c.created_at > now() - interval '1 hour' as unanswered
    into last
    from app.challenges c
    join app.sends s on s.tenant_id = c.tenant_id and s.send_id = c.send_id
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.purpose = p_purpose
   order by c.challenge_id desc limit 1;
  if last.unanswered then
    text_number := last.series + 1;
    if last.resend_at > now() and not last.lost then
      return app.refuse_resend(last.resend_at);
    end if;
  end if;

  -- this user's own rows first, then the shared ones of app.spend_limits; a refusal rolls this whole block back
  begin
    challenge := app.challenge_write(p_purpose, phone, last.challenge_id, last.series, text_number, p_challenge_id, p_send_id, p_code_mac,
                                     p_code_sealed, p_key_version, rules.code_life_seconds);
    if challenge.challenge_id is null then  -- two clicks met: the other's text is on its way
      raise exception using errcode = 'TG001', message = 'resend_too_early', detail = '{}';
    end if;
    perform app.spend_limits(phone, rules, p_purpose, p_send_id, micros);
    perform app.send_add(challenge, phone, p_purpose, p_send_id, greatest(p_segments, 1), micros);
    if live then
      perform app.spend_last(p_send_id, rules, p_purpose, micros);
    end if;
  exception when sqlstate 'TG001' then
    get stacked diagnostics code = message_text, detail = pg_exception_detail;
    if code = 'resend_too_early' then
      return app.refuse_resend(now() + interval '60 seconds');
    end if;
    perform app.stop_notice(code, detail::json);
    return app.refuse_send(phone, micros, p_purpose, app.refuse(code,
      (rtrim(detail, '}') || ',"alternatives":' || app.alternatives('sms') || '}')::json));
  end;
  return app.ok(202, app.challenge_json(challenge, 'queued', null, now()));
end
$$;

-- The challenge that text number p_text_number belongs to: the one of p_last_id again while it has 2 minutes left, else a new one that supersedes it. p_last_series: its
-- texts when the caller looked. Returns a null row when somebody else was faster.
create or replace function app.challenge_write(p_purpose text, p_phone app.phones, p_last_id uuid, p_last_series smallint, p_text_number integer,
                                               p_challenge_id uuid, p_send_id uuid, p_code_mac bytea, p_code_sealed bytea, p_key_version bigint,
                                               p_life_seconds integer)
returns app.challenges language plpgsql as $$
declare
  challenge app.challenges;
begin
  if p_last_id is not null then
    update app.challenges c
       set sends = c.sends + 1, series = p_text_number, send_id = p_send_id, resend_at = now() + app.resend_gap(p_text_number)
     where c.tenant_id = p_phone.tenant_id and c.user_id = p_phone.user_id and c.challenge_id = p_last_id
       and c.phone_id = p_phone.phone_id and c.state = 'live' and c.expires_at >= now() + interval '2 minutes'
       and c.series = p_last_series  -- nobody has resent it since we looked
    returning * into challenge;
    if found then
      return challenge;
    end if;
    update app.challenges c set state = 'superseded', code_sealed = null
     where c.tenant_id = p_phone.tenant_id and c.user_id = p_phone.user_id and c.purpose = p_purpose and c.state = 'live'
       -- one that began or was sent again since we looked is not ours to end
       and ((c.challenge_id = p_last_id and c.series = p_last_series) or c.phone_id <> p_phone.phone_id);
  end if;
  insert into app.challenges (tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, code_sealed,
                              key_version, series, send_id, resend_at, expires_at)
  values (p_phone.tenant_id, p_phone.user_id, p_challenge_id, p_purpose, p_phone.phone_id, p_phone.platform_index, p_phone.range, p_phone.hint,
          p_code_mac, p_code_sealed, p_key_version::integer, p_text_number, p_send_id,
          now() + app.resend_gap(p_text_number), now() + make_interval(secs => p_life_seconds))
  on conflict (tenant_id, user_id, purpose) where state = 'live' do nothing
  returning * into challenge;
  return challenge;
end
$$;

-- The text itself, queued, with its money reserved: the first line of it in the ledger.
create or replace function app.send_add(p_challenge app.challenges, p_phone app.phones, p_purpose text, p_send_id uuid, p_segments bigint, p_micros bigint)
returns void language plpgsql as $$
declare
  mode constant text := current_setting('app.mode', true);
  money constant bigint := case when mode = 'live' then p_micros else 0 end;
begin
  insert into app.sends (tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, purpose, segments,
                         reserved_micros, price_micros, money_state, due_at)
  values (p_phone.tenant_id, p_send_id, p_phone.user_id, p_challenge.challenge_id, p_phone.phone_id, p_phone.platform_index, p_phone.country,
          p_phone.range, mode, p_purpose, p_segments, money, money, case when mode = 'live' then 'reserved' end,
          now() + interval '2 seconds');  -- its own worker claims it at once; the sweep comes later
  if mode = 'live' then
    insert into app.ledger_entries (tenant_id, send_id, step, at, kind, micros, country, purpose)
    values (p_phone.tenant_id, p_send_id, 0, date_trunc('milliseconds', now()), 'reserved', money, p_phone.country, p_purpose);
  end if;
end
$$;

-- The refusal of a text that was asked for too early.
create or replace function app.refuse_resend(p_resend_at timestamptz) returns api.reply language plpgsql stable as $$
begin
  return app.refuse('resend_too_early', json_build_object('retry_after', app.seconds_until(p_resend_at), 'until', app.time(p_resend_at),
                                                          'alternatives', app.alternatives('sms')));
end
$$;

-- Notes a text that was not sent, and returns p_refusal. limits_rehearse reads these events.
create or replace function app.refuse_send(p_phone app.phones, p_micros bigint, p_purpose text, p_refusal api.reply) returns api.reply language plpgsql as $$
begin
  perform app.event('send_refused', p_detail => json_build_object('code', p_refusal.code, 'reason', p_refusal.body->>'reason', 'to', p_phone.hint,
                                                                  'country', p_phone.country, 'purpose', p_purpose, 'micros', p_micros));
  return p_refusal;
end
$$;

-- Any live session reads a challenge of its own user. Returns 200 with the challenge, or not_found.
create or replace function api.challenge_read(p_challenge_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  challenge app.challenges;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into challenge from app.challenges c
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = p_challenge_id;
  if not found then
    return app.refuse('not_found');
  end if;
  return app.ok(200, app.challenge_json(challenge));
end
$$;
