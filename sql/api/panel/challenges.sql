-- Starting a challenge: every limit, the challenge and its text in one transaction. And reading one.

-- One use of a limit on how often: p_key may be used p_short_max times within p_short and p_long_max times within p_long. Returns null and
-- has counted the use, or the seconds until it would be let through, and has counted nothing.
create or replace function app.spend(p_scope text, p_key text, p_short interval, p_short_max integer, p_long interval, p_long_max integer)
returns integer language plpgsql as $$
begin
  insert into app.velocity as v (scope, key, stamps) values (p_scope, p_key, array[now()])
  on conflict on constraint velocity_pk do update
    set stamps = array(select t from unnest(v.stamps) t where t > now() - greatest(p_short, p_long) order by t) || now(),
        used_at = now()
    where (select count(*) from unnest(v.stamps) t where t > now() - p_short) < p_short_max
      and (select count(*) from unnest(v.stamps) t where t > now() - p_long) < p_long_max;
  if found then
    return null;
  end if;
  -- the stamp that must leave the window first: counted from the newest, the one at the limit
  return (select app.seconds_until(greatest(
            (select t + p_short from unnest(v.stamps) t where t > now() - p_short order by t desc offset p_short_max - 1 limit 1),
            (select t + p_long from unnest(v.stamps) t where t > now() - p_long order by t desc offset p_long_max - 1 limit 1)))
            from app.velocity v where v.scope = p_scope and v.key = p_key);
end
$$;

-- One use of a limit on how many different: p_key may be used with p_max different members within p_window. Returns as app.spend.
create or replace function app.spend_member(p_scope text, p_key text, p_member text, p_window interval, p_max integer)
returns integer language plpgsql as $$
begin
  insert into app.velocity as v (scope, key, stamps, members) values (p_scope, p_key, array[now()], array[p_member])
  on conflict on constraint velocity_pk do update
    set stamps = array(select t.at from unnest(v.stamps, v.members) with ordinality as t (at, member, n)
                        where t.at > now() - p_window and t.member <> p_member order by t.n) || now(),
        members = array(select t.member from unnest(v.stamps, v.members) with ordinality as t (at, member, n)
                         where t.at > now() - p_window and t.member <> p_member order by t.n) || p_member,
        used_at = now()
    where (select count(*) from unnest(v.stamps, v.members) as t (at, member)
            where t.at > now() - p_window and t.member <> p_member) < p_max;
  if found then
    return null;
  end if;
  return (select app.seconds_until((select t.at + p_window from unnest(v.stamps, v.members) as t (at, member)
                                     where t.at > now() - p_window and t.member <> p_member order by t.at desc offset p_max - 1 limit 1))
            from app.velocity v where v.scope = p_scope and v.key = p_key);
end
$$;

-- All limits on sending one text to p_phone. Returns a null row, or the refusal of the first that refuses. All or nothing: on a refusal the
-- caller rolls back the block it called from, so the limits before that one are not spent either.
-- Every caller takes the rows in this one order, in a transaction that does nothing else, so two of them wait for each other but never deadlock:
--   1 phone  2 phone_unverified  3 user  4 user_numbers  5 address  6 address_numbers  7 range  8 range_numbers
--   9 money: its place is here, after everything that costs nothing to refuse
create or replace function app.spend_limits(p_phone app.phones) returns api.reply language plpgsql as $$
declare
  phone constant text := encode(p_phone.platform_index, 'hex');
  person constant text := p_phone.tenant_id || ':' || p_phone.user_id;
  address constant text := nullif(current_setting('app.address', true), '');
  hour constant interval := interval '1 hour';
  day constant interval := interval '1 day';
  wait integer;
  refusal text;
begin
  refusal := 'limit_phone';
  wait := app.spend('phone', phone, hour, 5, day, 10);
  if wait is null and p_phone.state = 'unverified' then
    wait := app.spend('phone_unverified', phone, day, 3, day, 3);
  end if;
  if wait is null then
    refusal := 'limit_user';
    wait := app.spend('user', person, hour, 5, day, 10);
  end if;
  if wait is null then
    wait := app.spend_member('user_numbers', person, phone, day, 3);
  end if;
  if wait is null and address is not null then
    refusal := 'limit_address';
    wait := app.spend('address', address, hour, 10, day, 30);
    if wait is null then
      wait := app.spend_member('address_numbers', address, phone, hour, 5);
    end if;
  end if;
  -- a range in which people have answered 20 texts is known to be people
  if wait is null and coalesce((select r.verified from app.ranges r where r.range = p_phone.range), 0) < 20 then
    refusal := 'limit_range';
    wait := app.spend('range', p_phone.range, hour, 20, hour, 20);
    if wait is null then
      wait := app.spend_member('range_numbers', p_phone.range, phone, interval '10 minutes', 6);
    end if;
  end if;
  if wait is null then
    return null;
  end if;
  return app.refuse(refusal, json_build_object('retry_after', wait, 'alternatives', app.alternatives('sms')));
end
$$;

-- How long after text number p_series the next may be asked for.
create or replace function app.resend_gap(p_series integer) returns interval language sql immutable
return case p_series when 1 then interval '60 seconds' when 2 then interval '120 seconds' else interval '300 seconds' end;

-- Sends a code for p_purpose to phone p_phone_id of the pinned user: the same code again while the challenge has 2 minutes left (no new tries), else a
-- new challenge that supersedes the old. Commits alone. Returns 202 with the challenge, or the refusal that the first obstacle gives.
create or replace function app.challenge_start(p_purpose text, p_phone_id uuid, p_challenge_id uuid, p_send_id uuid, p_code_mac bytea,
                                               p_code_sealed bytea, p_key_version bigint)
returns api.reply language plpgsql as $$
declare
  tenant record;
  phone app.phones;
  last record;
  text_number integer := 1;  -- how many texts in a row this makes
  challenge app.challenges;
  stop record;
  refusal api.reply;
begin
  select t.sms_countries, t.code_life_seconds into tenant from app.tenants t where t.tenant_id = app.tenant();
  select * into phone from app.phones p
   where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.phone_id = p_phone_id;
  if not found then  -- removed since the caller looked
    return app.refuse('no_phone', json_build_object('alternatives', app.alternatives('sms')));
  end if;
  if phone.country <> all (tenant.sms_countries) then
    return app.refuse_send(phone, app.refuse_field('country_not_allowed', '/number'));
  end if;
  select s.reason, s.until into stop
    from app.suppressions s
   where s.platform_index = phone.platform_index and s.until > now()
   order by s.until desc limit 1;
  if found then
    return app.refuse_send(phone, app.refuse('number_suppressed', json_build_object('reason', stop.reason, 'alternatives', app.alternatives('sms'))));
  end if;

  -- the latest challenge of this purpose decides the gap, if it went to the same number and was not answered
  select c.challenge_id, c.series, c.resend_at, c.send_id, s.state in ('undelivered', 'failed', 'refused', 'expired') as lost,
         c.state <> 'used' and c.platform_index = phone.platform_index and c.created_at > now() - interval '1 hour' as unanswered
    into last
    from app.challenges c
    join app.sends s on s.tenant_id = c.tenant_id and s.send_id = c.send_id
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.purpose = p_purpose
   order by c.challenge_id desc limit 1;
  if last.unanswered then
    text_number := last.series + 1;
    if last.resend_at > now() and not last.lost then
      return app.refuse('resend_too_early', json_build_object('retry_after', app.seconds_until(last.resend_at),
                                                              'alternatives', app.alternatives('sms')));
    end if;
  end if;

  -- this user's own rows first, then the shared ones of app.spend_limits; a refusal rolls this whole block back
  begin
    update app.challenges c
       set sends = c.sends + 1, series = text_number, send_id = p_send_id,
           resend_at = now() + app.resend_gap(text_number)
     where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = last.challenge_id
       and c.phone_id = p_phone_id and c.state = 'live' and c.expires_at >= now() + interval '2 minutes'
       and c.series = last.series  -- nobody has resent it since we looked
    returning * into challenge;
    if found then
      -- a text that has not left yet is replaced; the fence keeps away from one that is just being claimed
      perform app.send_move(s.tenant_id, s.send_id, s.fence, 'expired', p_reason => 'expired')
         from app.sends s where s.tenant_id = app.tenant() and s.send_id = last.send_id and s.state = 'queued';
    else
      update app.challenges c set state = 'superseded', code_sealed = null
       where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.purpose = p_purpose and c.state = 'live'
         -- one that began or was sent again since we looked is not ours to end
         and ((c.challenge_id = last.challenge_id and c.series = last.series) or c.phone_id <> p_phone_id);
      insert into app.challenges (tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, code_sealed,
                                  key_version, series, send_id, resend_at, expires_at)
      values (app.tenant(), app.user_id(), p_challenge_id, p_purpose, phone.phone_id, phone.platform_index, phone.range, phone.hint,
              p_code_mac, p_code_sealed, p_key_version::integer, text_number, p_send_id,
              now() + app.resend_gap(text_number), now() + make_interval(secs => tenant.code_life_seconds))
      on conflict (tenant_id, user_id, purpose) where state = 'live' do nothing
      returning * into challenge;
      if not found then  -- two clicks met: the other's text is on its way
        raise exception using errcode = 'TG001';
      end if;
    end if;
    refusal := app.spend_limits(phone);
    if refusal.code is not null then
      raise exception using errcode = 'TG001';
    end if;
    insert into app.sends (tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, due_at)
    values (app.tenant(), p_send_id, app.user_id(), challenge.challenge_id, phone.phone_id, phone.platform_index, phone.country,
            phone.range, current_setting('app.mode', true),
            now() + interval '2 seconds');  -- its own worker claims it at once; the sweep comes later
  exception when sqlstate 'TG001' then
    if refusal.code is null then
      return app.refuse('resend_too_early', json_build_object('retry_after', 60, 'alternatives', app.alternatives('sms')));
    end if;
    return app.refuse_send(phone, refusal);
  end;
  return app.ok(202, app.challenge_json(challenge));
end
$$;

-- Notes a text that was not sent, and returns p_refusal.
create or replace function app.refuse_send(p_phone app.phones, p_refusal api.reply) returns api.reply language plpgsql as $$
begin
  perform app.event('send_refused', p_detail => json_build_object('code', p_refusal.code, 'to', p_phone.hint, 'country', p_phone.country));
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
