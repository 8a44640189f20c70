-- What the provider tells us.

-- A status callback, authenticated by C. Statuses come twice, late and out of order; only the way forward counts. One that says failed or
-- undelivered touches shared rows and commits alone. Returns 204, or not_found.
create or replace function api.send_callback(p_send_id uuid, p_sid text, p_status text, p_error_code bigint, p_reason text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.send_heard(p_send_id, p_sid, p_status, p_error_code, p_reason, false);
end
$$;
