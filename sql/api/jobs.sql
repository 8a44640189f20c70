-- The timer of the server.

-- The server's timer runs one round of expiry and clean-up. Returns 200 with {ran, …counts}; ran is false when another worker is at it.
create or replace function api.jobs_tick()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.ok(200, jobs.tick(500));
end
$$;
