-- The methods of the pinned user, and the one counter of wrong codes over all of them.

-- Has this user an active method? One that is off for wrong codes still counts: being off must not reopen the first set-up.
create or replace function app.has_method(p_tenant_id uuid, p_user_id uuid) returns boolean language plpgsql stable as $$
begin
  return exists (select from app.phones p where p.tenant_id = p_tenant_id and p.user_id = p_user_id and p.state = 'verified')
      or exists (select from app.authenticators a where a.tenant_id = p_tenant_id and a.user_id = p_user_id and a.state = 'active');
end
$$;

-- What stands behind every decision about methods, in one row: phone (verified) and pending phone, authenticator, backup codes left, which of them
-- are off, the preference among those there are, the lock and the count; and the user's name. One select, so that it becomes part of the caller's.
create or replace function app.methods(p_tenant_id uuid, p_user_id uuid)
returns table (sms boolean, sms_off boolean, phone_id uuid, phone_hint text, phone_index bytea,
               pending_id uuid, pending_hint text, pending_index bytea,
               authenticator boolean, authenticator_off boolean, backup_codes integer, backup_code_off boolean,
               preferred text, locked_until timestamptz, wrong_codes integer, name text, email text, locale text)
language sql stable rows 1 as $$
  select v.phone_id is not null, u.sms_wrong >= 100, v.phone_id, v.hint, v.tenant_index,
         w.phone_id, w.hint, w.tenant_index,
         a.authenticator_id is not null, u.authenticator_wrong >= 100, coalesce(cardinality(b.macs), 0), u.backup_code_wrong >= 100,
         -- a preference for a method that is gone falls to the one that is left
         case when u.preferred_method = 'sms' and v.phone_id is not null then 'sms'
              when a.authenticator_id is not null then 'authenticator'
              when v.phone_id is not null then 'sms' end,
         case when u.locked_until > now() then u.locked_until end,
         case when u.locked_until is null or u.locked_until > now() then u.wrong_codes else 0 end,
         u.name, u.email, u.locale
    from app.users u
    left join app.phones v on v.tenant_id = u.tenant_id and v.user_id = u.user_id and v.state = 'verified'
    left join app.phones w on w.tenant_id = u.tenant_id and w.user_id = u.user_id and w.state = 'unverified'
    left join app.authenticators a on a.tenant_id = u.tenant_id and a.user_id = u.user_id and a.state = 'active'
    left join app.backup_codes b on b.tenant_id = u.tenant_id and b.user_id = u.user_id
   where u.tenant_id = p_tenant_id and u.user_id = p_user_id
$$;

-- The JSON list of active methods, the safer one first.
create or replace function app.methods_json(p_sms boolean, p_hint text, p_sms_off boolean, p_authenticator boolean, p_authenticator_off boolean,
                                            p_backup_codes integer, p_backup_code_off boolean)
returns json language plpgsql immutable as $$
begin
  return array_to_json(array_remove(array[
    case when p_authenticator then json_build_object('method', 'authenticator', 'off', p_authenticator_off)::text end,
    case when p_sms then json_build_object('method', 'sms', 'hint', p_hint, 'off', p_sms_off)::text end,
    case when p_backup_codes > 0 then json_build_object('method', 'backup_code', 'left', p_backup_codes, 'off', p_backup_code_off)::text end
  ], null)::json[]);
end
$$;

-- The methods that work for the pinned user now, without p_except: what a refusal offers instead.
create or replace function app.alternatives(p_except text default null) returns json language plpgsql stable as $$
declare
  m record;
begin
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return '[]'::json;
  end if;
  return to_json(array_remove(array[
    case when m.authenticator and not m.authenticator_off and p_except is distinct from 'authenticator' then 'authenticator' end,
    case when m.sms and not m.sms_off and p_except is distinct from 'sms' then 'sms' end,
    case when m.backup_codes > 0 and not m.backup_code_off and p_except is distinct from 'backup_code' then 'backup_code' end], null));
end
$$;

-- The refusal of a locked user.
create or replace function app.refuse_locked(p_locked_until timestamptz) returns api.reply language sql stable
return app.refuse('locked', json_build_object('retry_after', app.seconds_until(p_locked_until), 'locked_until', app.time(p_locked_until),
                                              'alternatives', json_build_array()));

-- Counts one code of the pinned user as wrong, before it is compared, for the methods it will be compared with. Returns how many
-- consecutive ones that makes (1 to 10), or null when none may be looked at: the user is locked, or a method is off.
-- The tenth locks at once: a right code takes the lock back in app.tries_clear. Locks double from 30 minutes to 24 hours.
create or replace function app.tries_count(p_sms boolean, p_authenticator boolean, p_backup_code boolean) returns integer
language plpgsql as $$
declare
  counted record;
begin
  update app.users u
     set wrong_codes = app.tries_next(u.wrong_codes, u.locked_until),
         lock_level = case when app.tries_next(u.wrong_codes, u.locked_until) = 10 then least(u.lock_level + 1, 7) else u.lock_level end,
         locked_until = case when app.tries_next(u.wrong_codes, u.locked_until) = 10
                             then now() + least(interval '30 minutes' * (1 << u.lock_level), interval '24 hours') end,
         sms_wrong = u.sms_wrong + p_sms::integer,
         authenticator_wrong = u.authenticator_wrong + p_authenticator::integer,
         backup_code_wrong = u.backup_code_wrong + p_backup_code::integer
   where u.tenant_id = app.tenant() and u.user_id = app.user_id()
     and (u.locked_until is null or u.locked_until <= now())
     and (not p_sms or u.sms_wrong < 100)
     and (not p_authenticator or u.authenticator_wrong < 100)
     and (not p_backup_code or u.backup_code_wrong < 100)
  returning u.wrong_codes, u.locked_until into counted;
  if not found then
    return null;
  end if;
  if counted.wrong_codes = 10 then
    perform app.event('user_locked', p_detail => json_build_object('until', app.time(counted.locked_until)));
  end if;
  return counted.wrong_codes;
end
$$;

-- One more wrong code; from 1 again when a lock is over.
create or replace function app.tries_next(p_wrong_codes smallint, p_locked_until timestamptz) returns integer language sql immutable
return case when p_locked_until is null then p_wrong_codes + 1 else 1 end;

-- A right code of p_method: takes back the counts and the lock. Another method that is off stays off until it is reset; p_method was not,
-- or its code would not have been looked at, even if counting this try first made it a hundred.
create or replace function app.tries_clear(p_method text) returns void language plpgsql as $$
begin
  update app.users u
     set wrong_codes = 0, lock_level = 0, locked_until = null,
         sms_wrong = case when u.sms_wrong < 100 or p_method = 'sms' then 0 else 100 end,
         authenticator_wrong = case when u.authenticator_wrong < 100 or p_method = 'authenticator' then 0 else 100 end,
         backup_code_wrong = case when u.backup_code_wrong < 100 or p_method = 'backup_code' then 0 else 100 end
   where u.tenant_id = app.tenant() and u.user_id = app.user_id();
end
$$;

-- The refusal of a wrong code; p_challenge_left: tries that the challenge has left, if one was compared.
create or replace function app.refuse_wrong(p_counted integer, p_challenge_left integer default null) returns api.reply
language plpgsql as $$
declare
  lock timestamptz;
begin
  perform app.event('code_refused', p_detail => json_build_object('code', 'code_wrong'));
  if p_counted = 10 then
    select u.locked_until into lock from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id();
  end if;
  return app.refuse('code_wrong', json_strip_nulls(json_build_object(
    'tries_left', least(10 - p_counted, p_challenge_left),
    'locked_until', app.time(lock),
    'errors', json_build_array(json_build_object('pointer', '/code', 'code', 'invalid')))));
end
$$;

-- The refusal of a code that was not even compared.
create or replace function app.refuse_code(p_code text) returns api.reply language plpgsql as $$
begin
  perform app.event('code_refused', p_detail => json_build_object('code', p_code));
  return app.refuse(p_code, json_build_object('alternatives', app.alternatives()));
end
$$;

-- Looks at one code that may be a texted code of p_challenge_id, a backup code or an authenticator code, whichever the user has. Counts
-- first, then decides. Returns 200 with code = the method that it was (texted and backup codes are used up by that); 102 with
-- the sealed TOTP secret when only C can tell; or a refusal.
create or replace function app.code_check(p_purpose text, p_challenge_id uuid, p_mac_new bytea, p_mac_old bytea,
                                          p_backup_mac_new bytea, p_backup_mac_old bytea, p_is_totp_shape boolean)
returns api.reply language plpgsql as $$
declare
  m record;
  challenge record;
  totp record;
  try_sms boolean := false;
  try_totp boolean := false;
  try_backup boolean := false;
  counted integer;
  challenge_left integer;
begin
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    perform app.event('code_refused', p_detail => json_build_object('code', 'locked'));
    return app.refuse_locked(m.locked_until);
  end if;

  -- what could it be?
  select c.state, c.expires_at > now() as in_time into challenge
    from app.challenges c
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = p_challenge_id and c.purpose = p_purpose;
  try_sms := found and p_mac_new is not null and challenge.state = 'live' and challenge.in_time and not m.sms_off;
  try_backup := p_backup_mac_new is not null and m.backup_codes > 0 and not m.backup_code_off;
  try_totp := coalesce(p_is_totp_shape, false) and m.authenticator and not m.authenticator_off;
  if not (try_sms or try_backup or try_totp) then
    return case
      when (p_mac_new is not null and p_challenge_id is not null and m.sms_off)
        or (p_is_totp_shape and m.authenticator) or (p_backup_mac_new is not null and m.backup_codes > 0)
        then app.refuse_code('method_off')
      when challenge.state = 'exhausted' then app.refuse_code('challenge_exhausted')
      when p_mac_new is not null then app.refuse_code('code_expired')
      else app.refuse_wrong(m.wrong_codes) end;
  end if;

  counted := app.tries_count(try_sms, try_totp, try_backup);
  if counted is null then  -- others were counted between our look and our count
    select * into m from app.methods(app.tenant(), app.user_id());
    return case when m.locked_until is not null then app.refuse_locked(m.locked_until)
                else app.refuse_code('method_off') end;
  end if;

  if try_sms then
    -- the try is taken and the code used up in one statement; nobody else can have both
    update app.challenges c
       set tries = c.tries + 1,
           state = case when c.mac in (p_mac_new, p_mac_old) then 'used' when c.tries + 1 >= 5 then 'exhausted' else 'live' end,
           code_sealed = case when c.mac in (p_mac_new, p_mac_old) or c.tries + 1 >= 5 then null else c.code_sealed end
     where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = p_challenge_id and c.purpose = p_purpose
       and c.state = 'live' and c.expires_at > now() and c.tries < 5
    returning c.state, 5 - c.tries as left_over into challenge;
    if found and challenge.state = 'used' then
      perform app.tries_clear('sms');
      return app.match('sms');
    end if;
    challenge_left := case when found then challenge.left_over end;
    if not found and not try_backup and not try_totp then  -- it ended between our look and our update
      return app.refuse_code('code_expired');
    end if;
  end if;

  if try_backup then
    update app.backup_codes b
       set macs = array_remove(array_remove(b.macs, p_backup_mac_new), p_backup_mac_old)
     where b.tenant_id = app.tenant() and b.user_id = app.user_id() and b.macs && array[p_backup_mac_new, p_backup_mac_old];
    if found then
      perform app.tries_clear('backup_code');
      perform app.event('backup_code_used', p_detail => json_build_object('left', m.backup_codes - 1));
      return app.match('backup_code');
    end if;
  end if;

  if try_totp then
    select a.authenticator_id, a.secret_sealed, a.last_step into totp
      from app.authenticators a
     where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.state = 'active';
    if found then
      return row(102, 'totp_check', json_build_object('authenticator_id', totp.authenticator_id), totp.last_step::text,
                 totp.secret_sealed, false)::api.reply;
    end if;
  end if;
  return app.refuse_wrong(counted, challenge_left);
end
$$;

create or replace function app.match(p_method text) returns api.reply language sql immutable
return row(200, p_method, null, null, null, false)::api.reply;
comment on function app.match(text) is 'what app.code_check returns for a right code; never leaves the database';

-- The second half of an authenticator code: C has compared, p_step is the time step that matched, null when none did. The step is
-- spent by one conditional update, so a code works once, ever. p_challenge_id: the challenge whose texted code it was not either, null when none was named;
-- its tries are told when fewer of them are left. Returns 200 with code authenticator, or a refusal.
create or replace function app.totp_spend(p_authenticator_id uuid, p_step bigint, p_challenge_id uuid) returns api.reply language plpgsql as $$
begin
  if p_step is null then
    return app.refuse_wrong(
      (select u.wrong_codes from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id()),
      (select 5 - c.tries from app.challenges c
        where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = p_challenge_id and c.state in ('live', 'exhausted')));
  end if;
  update app.authenticators a set last_step = p_step
   where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.authenticator_id = p_authenticator_id
     and a.state = 'active' and a.last_step < p_step;
  if not found then
    perform app.event('authenticator_code_replayed');
    return app.refuse('code_expired', json_build_object('alternatives', app.alternatives()));
  end if;
  perform app.tries_clear('authenticator');
  return app.match('authenticator');
end
$$;
