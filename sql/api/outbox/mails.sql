-- Notices by mail: committed with what they tell of, sent by the server's outbox. Nobody's address is in here: it is read when the mail leaves.

-- Who is told what: event kind → the notice, and whether the user it is about gets it or the store's owners.
create or replace function app.mail_kinds() returns jsonb language sql immutable
return '{
  "phone_verified":          {"to": "user", "notice": "phone_added"},
  "phone_removed":           {"to": "user", "notice": "phone_removed"},
  "authenticator_activated": {"to": "user", "notice": "authenticator_added"},
  "authenticator_removed":   {"to": "user", "notice": "authenticator_removed"},
  "backup_codes_created":    {"to": "user", "notice": "backup_codes_created"},
  "user_locked":             {"to": "user", "notice": "locked"},
  "user_reset":              {"to": "user", "notice": "reset"},
  "bypass_approved":         {"to": "user", "notice": "bypass"},
  "budget_50":               {"to": "owners", "notice": "budget_day", "percent": 50},
  "budget_80":               {"to": "owners", "notice": "budget_day", "percent": 80},
  "budget_100":              {"to": "owners", "notice": "budget_day", "percent": 100},
  "budget_50_month":         {"to": "owners", "notice": "budget_month", "percent": 50},
  "budget_80_month":         {"to": "owners", "notice": "budget_month", "percent": 80},
  "budget_100_month":        {"to": "owners", "notice": "budget_month", "percent": 100},
  "breaker_opened":          {"to": "owners", "notice": "breaker"},
  "texts_stopped":           {"to": "owners", "notice": "texts_stopped"}
}'::jsonb;

-- Puts the notices of an event on their way. Called by app.event and jobs.event, in their transaction. An owner's notice goes to twenty owners at most.
create or replace function app.mails_tell(p_event_id uuid, p_tenant_id uuid, p_kind text, p_user_id uuid, p_detail json) returns void language plpgsql as $$
declare
  kind constant jsonb := app.mail_kinds()->p_kind;
begin
  if kind is null or not exists (select from app.mail_servers m where m.seen_at > now() - interval '1 hour') then
    return;
  end if;
  if kind->>'to' = 'user' then
    insert into app.mails (tenant_id, mail_id, user_id, notice, detail)
    select p_tenant_id, p_event_id, u.user_id, kind->>'notice' || case when p_kind = 'user_locked' and p_detail->>'until' is null then '_by_hand' else '' end,
           jsonb_strip_nulls(jsonb_build_object('until', p_detail->>'until'))
      from app.users u
     where u.tenant_id = p_tenant_id and u.user_id = p_user_id and u.email is not null and u.removed_at is null
    on conflict do nothing;
  else
    insert into app.mails (tenant_id, mail_id, user_id, notice, detail)
    select p_tenant_id, app.event_id(now(), p_event_id, 'mail', u.user_id), u.user_id, kind->>'notice', kind - 'to' - 'notice'
      from app.users u
     where u.tenant_id = p_tenant_id and u.role = 'owner' and u.email is not null and u.removed_at is null
     order by u.user_id
     limit 20
    on conflict do nothing;
  end if;
end
$$;

-- The wait behind a failed try; null: it was the last one. Nearly a day in all.
create or replace function app.mail_wait(p_attempts integer) returns interval language sql immutable
return (array[interval '1 minute', interval '5 minutes', interval '15 minutes', interval '1 hour', interval '2 hours', interval '4 hours',
              interval '8 hours', interval '8 hours'])[p_attempts];

-- The server takes a notice that outbox_due gave it, and counts the try. Returns 200 with all that is needed to write it, or gone: another worker has it, or
-- its user is removed, or has no address any more.
create or replace function api.mail_claim(p_mail_id uuid, p_fence bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  mail record;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.mails m set attempts = m.attempts + 1, reason = null
   where m.tenant_id = app.tenant() and m.mail_id = p_mail_id and m.fence = p_fence and m.state = 'queued'
  returning m.user_id, m.notice, m.detail, m.at into mail;
  if not found then
    return app.refuse('gone');
  end if;
  return coalesce((
    select app.ok(200, json_build_object(
             'id', app.typeid('mail', p_mail_id), 'to', u.email, 'locale', u.locale, 'store', t.name, 'slug', t.slug, 'notice', mail.notice,
             'percent', mail.detail->'percent', 'until', mail.detail->>'until', 'at', app.time(mail.at)))
      from app.users u join app.tenants t on t.tenant_id = u.tenant_id
     where u.tenant_id = app.tenant() and u.user_id = mail.user_id and u.removed_at is null and u.email is not null),
    app.mail_ends(p_mail_id, p_fence, 'nobody to mail'));
end
$$;

-- A notice that never will be sent. Returns gone.
create or replace function app.mail_ends(p_mail_id uuid, p_fence bigint, p_reason text) returns api.reply language plpgsql as $$
begin
  update app.mails m set state = 'failed', due_at = null, reason = p_reason
   where m.tenant_id = app.tenant() and m.mail_id = p_mail_id and m.fence = p_fence and m.state = 'queued';
  return app.refuse('gone');
end
$$;

-- The server records how a try ended: p_outcome sent, failed (the mail server refused it for good, p_reason) or retry. Returns 204, or gone (the lease had
-- run out, and somebody else has it).
create or replace function api.mail_outcome(p_mail_id uuid, p_fence bigint, p_outcome text, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  update app.mails m
     set state = case when p_outcome = 'retry' and app.mail_wait(m.attempts) is not null then 'queued' when p_outcome = 'sent' then 'sent' else 'failed' end,
         due_at = case when p_outcome = 'retry' then now() + app.mail_wait(m.attempts) end,
         reason = p_reason
   where m.tenant_id = app.tenant() and m.mail_id = p_mail_id and m.fence = p_fence and m.state = 'queued';
  return case when found then app.ok(204) else app.refuse('gone') end;
end
$$;
