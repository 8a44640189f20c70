-- The timer of the server.

-- The server's timer runs one round of expiry and clean-up. Returns 200 with {ran, …counts, at_ms}; ran is false when another worker is at it, at_ms is this clock.
create or replace function api.jobs_tick()
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  return app.ok(200, (jobs.tick(500)::jsonb || jsonb_build_object('at_ms', (extract(epoch from now()) * 1000)::bigint))::json);
end
$$;

-- The server's other timer chains the audit trails. Returns 200 with {chained, more, heads}: more, when there is more to do at once; heads, those that the server
-- has to write to its log.
create or replace function api.events_chain()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  most constant integer := 1000;
  chained integer := 0;
begin
  if not app.entered('system') then
    return app.refuse('not_found');
  end if;
  if pg_try_advisory_xact_lock(hashtext('tillgate.events_chain')) then
    chained := jobs.events_chain(most);
  end if;
  return app.ok(200, json_build_object('chained', chained, 'more', chained >= most,
                                       'heads', case when jobs.is_due('anchors', '5 seconds') then jobs.anchors(100) else '[]'::json end));
end
$$;
