-- The owner's page of what happened in the store: the audit trail, with names.

-- The owner reads the audit trail, as event_list does for the platform. Returns 200 with items and next_cursor, or owner_required.
create or replace function api.activity_list(p_limit bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid, p_q text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not app.is_owner() then
    return app.refuse('owner_required');
  end if;
  return app.events_page(p_limit, p_below, p_from, p_kind, p_user_id, p_q, true);
end
$$;

-- The owner takes the audit trail away as a file, of which this is the first page; activity_list gives the others. That is an event itself. Returns as
-- activity_list.
create or replace function api.activity_export(p_limit bigint, p_below uuid, p_from uuid, p_kind text, p_user_id uuid, p_q text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  if not app.is_owner() then
    return app.refuse('owner_required');
  end if;
  perform app.event('activity_exported');
  return app.events_page(p_limit, p_below, p_from, p_kind, p_user_id, p_q, true);
end
$$;
