-- The user's phone number: saved, verified, changed, removed.

-- A user who may set up saves a number; nothing is sent. With a verified number in use it also needs the proof of phone_change. Returns 200 with
-- the phone, or country_not_allowed, phone_verified_already (it is the one in use), proof_required.
create or replace function api.phone_save(p_phone_id uuid, p_number_sealed bytea, p_tenant_index bytea, p_platform_index bytea,
                                          p_country text, p_type text, p_range text, p_hint text, p_consent_version text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not exists (select from app.tenants t where t.tenant_id = app.tenant() and p_country = any (t.sms_countries)) then
    return app.refuse_field('country_not_allowed', '/number');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.sms then
    if m.phone_index = p_tenant_index then
      return app.refuse('phone_verified_already');
    end if;
    if not exists (select from app.sessions s
                    where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash()
                      and s.change_until > now()) then
      return app.refuse('proof_required', json_build_object('alternatives', app.alternatives()));
    end if;
  end if;
  -- the number that waits already, saved again: one row, one consent; its gaps and its challenge stay
  if m.pending_index = p_tenant_index then
    return app.ok(200, json_build_object('phone', app.phone_json(m.pending_id, false, m.pending_hint)));
  end if;
  perform app.phone_drop('unverified');
  insert into app.phones (tenant_id, user_id, phone_id, number_sealed, tenant_index, platform_index, country, type, range, hint,
                          consent_version, consent_address)
  values (app.tenant(), app.user_id(), p_phone_id, p_number_sealed, p_tenant_index, p_platform_index, p_country, p_type, p_range, p_hint,
          p_consent_version, current_setting('app.address', true));
  perform app.event('phone_saved', p_detail => json_build_object('to', p_hint, 'country', p_country, 'consent', p_consent_version));
  return app.ok(200, json_build_object('phone', app.phone_json(p_phone_id, false, p_hint)));
end
$$;

-- Deletes the pinned user's number of that state, and voids the codes sent to it. Returns whether there was one.
create or replace function app.phone_drop(p_state text) returns boolean language plpgsql as $$
declare
  dropped uuid;
begin
  delete from app.phones p where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.state = p_state
  returning p.phone_id into dropped;
  if not found then
    return false;
  end if;
  update app.challenges c set state = 'superseded', code_sealed = null
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.state = 'live' and c.phone_id = dropped;
  return true;
end
$$;

-- A user who may set up asks for a code at the number that waits. Returns as app.challenge_start, or no_phone, phone_verified_already, locked.
create or replace function api.phone_send_code(p_challenge_id uuid, p_send_id uuid, p_code_mac bytea, p_code_sealed bytea, p_key_version bigint,
                                               p_segments bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  elsif m.pending_id is null then
    return app.refuse(case when m.sms then 'phone_verified_already' else 'no_phone' end);
  end if;
  return app.challenge_start('phone_set_up', m.pending_id, p_challenge_id, p_send_id, p_code_mac, p_code_sealed, p_key_version, p_segments);
end
$$;

-- A user who may set up proves the number that waits. It becomes the one in use, and takes the place of an old one. The session rises. Returns 200 with the session
-- and whether an old number was removed; or a refusal.
create or replace function api.phone_verify(p_challenge_id uuid, p_mac_new bytea, p_mac_old bytea, p_session_id uuid, p_token_hash bytea)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verdict api.reply;
  phone uuid;
  replaced boolean;
  hint text;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  -- the phone that the challenge went to must still be the one that waits: phone_drop ends the others' challenges
  verdict := app.code_check('phone_set_up', p_challenge_id, p_mac_new, p_mac_old, null, null, false);
  if verdict.status is distinct from 200 then
    return verdict;
  end if;
  select c.phone_id into phone from app.challenges c
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.challenge_id = p_challenge_id;
  replaced := app.phone_drop('verified');
  update app.phones p set state = 'verified', verified_at = now()
   where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.phone_id = phone and p.state = 'unverified'
  returning p.hint into hint;
  if not found or not app.rise('set_up', p_session_id, p_token_hash, 'sms') then
    -- two requests met; undoing ours whole is the one right answer, so this is raised
    raise exception 'phone_verify lost a race' using errcode = 'serialization_failure';
  end if;
  update app.users u set preferred_method = 'sms'
   where u.tenant_id = app.tenant() and u.user_id = app.user_id() and u.preferred_method is null;
  perform app.event('phone_verified', p_detail => json_build_object('to', hint));
  if replaced then
    perform app.event('phone_removed', p_detail => json_build_object('replaced', true));
  end if;
  return app.ok(200, json_build_object('session', app.session_json(null), 'removed', replaced));
end
$$;

-- A signed-in user asks for a code at the number in use, to prove that it may be changed. Returns as app.challenge_start, or no_phone,
-- method_off, locked.
create or replace function api.phone_change_send_code(p_challenge_id uuid, p_send_id uuid, p_code_mac bytea, p_code_sealed bytea, p_key_version bigint,
                                                      p_segments bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  m record;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select * into m from app.methods(app.tenant(), app.user_id());
  if m.locked_until is not null then
    return app.refuse_locked(m.locked_until);
  elsif not m.sms then
    return app.refuse('no_phone', json_build_object('alternatives', app.alternatives('sms')));
  elsif m.sms_off then
    return app.refuse('method_off', json_build_object('alternatives', app.alternatives('sms')));
  end if;
  return app.challenge_start('phone_change', m.phone_id, p_challenge_id, p_send_id, p_code_mac, p_code_sealed, p_key_version, p_segments);
end
$$;

-- After a right code: for 10 minutes this session may save another number. Returns 200 with change_until.
create or replace function app.phone_change_done() returns api.reply language plpgsql as $$
begin
  update app.sessions s set change_until = now() + interval '10 minutes'
   where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash();
  if not found then
    return app.refuse('session_required');
  end if;
  update app.challenges c set state = 'superseded', code_sealed = null
   where c.tenant_id = app.tenant() and c.user_id = app.user_id() and c.purpose = 'phone_change' and c.state = 'live';
  perform app.event('phone_change_proved');
  return app.ok(200, json_build_object('change_until', app.time(now() + interval '10 minutes')));
end
$$;

-- A fresh session proves by any method that the number may be changed. Returns 200 with change_until; 102 totp_check; or a refusal.
create or replace function api.phone_change(p_challenge_id uuid, p_mac_new bytea, p_mac_old bytea, p_backup_mac_new bytea,
                                            p_backup_mac_old bytea, p_is_totp_shape boolean)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verdict api.reply;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  verdict := app.code_check('phone_change', p_challenge_id, p_mac_new, p_mac_old, p_backup_mac_new, p_backup_mac_old, p_is_totp_shape);
  if verdict.status is distinct from 200 then
    return verdict;
  end if;
  return app.phone_change_done();
end
$$;

-- The second half of phone_change, after C has compared an authenticator code. Returns as second_step_totp, on success change_until.
create or replace function api.phone_change_totp(p_authenticator_id uuid, p_step bigint, p_challenge_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verdict api.reply;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  verdict := app.totp_spend(p_authenticator_id, p_step, p_challenge_id);
  if verdict.status is distinct from 200 then
    return verdict;
  end if;
  return app.phone_change_done();
end
$$;

-- A fresh session removes its number, and one that waits. Returns 204, or no_phone, last_method.
create or replace function api.phone_remove()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  verified boolean;
  waiting boolean;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  -- both removals of a last method begin with this row, so two of them cannot each leave the other's method as the last
  perform from app.users u where u.tenant_id = app.tenant() and u.user_id = app.user_id() for no key update;
  if exists (select from app.phones p where p.tenant_id = app.tenant() and p.user_id = app.user_id() and p.state = 'verified')
     and not exists (select from app.authenticators a
                      where a.tenant_id = app.tenant() and a.user_id = app.user_id() and a.state = 'active') then
    return app.refuse('last_method');
  end if;
  verified := app.phone_drop('verified');
  waiting := app.phone_drop('unverified');
  if not (verified or waiting) then
    return app.refuse('no_phone');
  end if;
  update app.users u set preferred_method = null
   where u.tenant_id = app.tenant() and u.user_id = app.user_id() and u.preferred_method = 'sms';
  perform app.event('phone_removed');
  return app.ok(204);
end
$$;
