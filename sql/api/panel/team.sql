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

-- The owner reads a user of the store. Returns 200 with the user, or owner_required, not_found.
create or replace function api.team_read(p_user_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not app.is_owner() then
    return app.refuse('owner_required');
  end if;
  reply := app.user_reply(p_user_id);
  reply.etag := null;  -- the panel changes users by name of the change, not by version
  return reply;
end
$$;
