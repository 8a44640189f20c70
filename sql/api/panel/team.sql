-- The owner's page of users. What is done to them is in provisioning/users.sql; here is who may.

-- Is the pinned session an owner's, now? By its launch and by the user's own role: either may have been lowered since.
create or replace function app.is_owner() returns boolean language plpgsql stable as $$
begin
  return exists (
    select from app.sessions s
      join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
     where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash()
       and s.role = 'owner' and u.role = 'owner' and u.removed_at is null and u.locked_at is null);
end
$$;

-- The owner lists the store's users, as user_list does for the platform. Returns 200 with items and next_cursor, or owner_required, or body_invalid at
-- ?cursor.
create or replace function api.team_list(p_limit bigint, p_after uuid, p_q text, p_state text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not app.is_owner() then
    return app.refuse('owner_required');
  end if;
  return app.users_page(p_limit, p_after, p_q, p_state);
end
$$;

-- The panel changes users by the name of the change, not by version.
create or replace function app.without_etag(p_reply api.reply) returns api.reply language plpgsql immutable as $$
begin
  p_reply.etag := null;
  return p_reply;
end
$$;

-- The owner reads a user of the store. Returns 200 with the user, or owner_required, not_found.
create or replace function api.team_read(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not app.is_owner() then
    return app.refuse('owner_required');
  end if;
  return app.without_etag(app.user_reply(p_user_id));
end
$$;

-- May the pinned session, an owner's, do something to this user? One owner after another, by the store's row: of two who lock each other at once the
-- second finds himself locked. Returns null, or why not: owner_required, not_yourself (unless p_self).
create or replace function app.team_refusal(p_user_id uuid, p_self boolean default false) returns text language plpgsql as $$
begin
  perform app.tenant_take();
  return case when not app.is_owner() then 'owner_required' when p_user_id = app.user_id() and not p_self then 'not_yourself' end;
end
$$;

-- The owner locks another user. Returns as app.user_lock, or owner_required, not_yourself.
create or replace function api.team_lock(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  refusal := app.team_refusal(p_user_id);
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  return app.without_etag(app.user_lock(p_user_id, p_reason));
end
$$;

-- The owner unlocks another user. Returns as app.user_unlock, or owner_required, not_yourself.
create or replace function api.team_unlock(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  refusal := app.team_refusal(p_user_id);
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  return app.without_etag(app.user_unlock(p_user_id, p_reason));
end
$$;

-- The owner takes another user's second step away. Returns as app.user_reset, or owner_required, not_yourself.
create or replace function api.team_reset(p_user_id uuid, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  refusal := app.team_refusal(p_user_id);
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  return app.without_etag(app.user_reset(p_user_id, p_reason));
end
$$;

-- The owner ends a user's launches and sessions, his own too. Returns 204, or owner_required, not_found.
create or replace function api.team_sessions_end(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  refusal text;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  refusal := app.team_refusal(p_user_id, p_self => true);
  if refusal is not null then
    return app.refuse(refusal);
  end if;
  return app.user_sessions_end(p_user_id);
end
$$;
