-- Expiry and clean-up over all tenants, a little at a time. Owned by tillgate_jobs, whose policies see every tenant.

-- One round, if nobody else is at it: at most p_batch rows of each kind. Returns {ran, …counts}.
-- Rows of users are taken in the order of the primary key, as groups of calls are: the two wait for each other but do not deadlock.
create or replace function jobs.tick(p_batch integer)
returns json language plpgsql security definer set search_path = '' as $$
declare
  expired integer;
  counted integer;
  removed json;
begin
  if not app.entered('system') or not pg_try_advisory_xact_lock(hashtext('tillgate.jobs_tick')) then
    return json_build_object('ran', false);
  end if;

  -- challenges that ran out lose their code; a minute late, so that nobody is still using the row
  with due as materialized (
    select c.tenant_id, c.user_id, c.challenge_id from app.challenges c
     where c.state = 'live' and c.expires_at <= now() - interval '1 minute'
     order by c.tenant_id, c.user_id, c.challenge_id limit p_batch
  )
  update app.challenges c set state = 'expired', code_sealed = null
    from due
   where c.tenant_id = due.tenant_id and c.user_id = due.user_id and c.challenge_id = due.challenge_id and c.state = 'live';
  get diagnostics expired = row_count;

  -- right codes are added up by number range here, not where they are proved: that row would be shared by everybody
  with due as materialized (
    select c.tenant_id, c.user_id, c.challenge_id from app.challenges c
     where c.state = 'used' and not c.counted
     order by c.tenant_id, c.user_id, c.challenge_id limit p_batch
  ), done as (
    update app.challenges c set counted = true
      from due
     where c.tenant_id = due.tenant_id and c.user_id = due.user_id and c.challenge_id = due.challenge_id
       and c.state = 'used' and not c.counted
    returning c.range, c.tenant_id, c.send_id
  ), told as (
    -- the provider learns from it which texts people wanted
    update app.sends s set feedback = 'due'
      from done
     where s.tenant_id = done.tenant_id and s.send_id = done.send_id and s.mode = 'live' and s.sid is not null
       and s.state in ('accepted', 'sent', 'delivered')
  )
  insert into app.ranges as r (range, verified)
  select done.range, count(*) from done group by done.range order by done.range
  on conflict on constraint ranges_pk do update set verified = r.verified + excluded.verified;
  get diagnostics counted = row_count;

  removed := jobs.clean_up(p_batch);
  return json_build_object('ran', true, 'challenges_expired', expired, 'ranges_counted', counted, 'removed', removed,
                           'money', jobs.money(10 * p_batch), 'trials_ended', jobs.trials_end(p_batch), 'purged', jobs.purge(4 * p_batch));
end
$$;

-- Removes at most p_batch rows of each kind that nobody will ask for again. Returns how many of each. Each kind is found by an index on a time,
-- except velocity, which holds one day and whose every use would have to write that index.
create or replace function jobs.clean_up(p_batch integer)
returns json language plpgsql security definer set search_path = '' as $$
declare
  n integer;
  told integer;
  removed jsonb := jsonb_build_object();
begin
  if not app.entered('system') then
    return '{}'::json;
  end if;
  delete from app.launches l using (
    select x.tenant_id, x.launch_id from app.launches x where x.created_at < now() - interval '1 day' limit p_batch) old
   where l.tenant_id = old.tenant_id and l.launch_id = old.launch_id;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('launches', n);

  delete from app.launch_tokens l using (
    select x.tenant_id, x.jti_hash from app.launch_tokens x where x.expires_at < now() limit p_batch) old
   where l.tenant_id = old.tenant_id and l.jti_hash = old.jti_hash;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('launch_tokens', n);

  delete from app.sessions s using (
    select x.tenant_id, x.user_id, x.token_hash from app.sessions x
     where x.expires_at < now() limit p_batch) old  -- idle ones are dead already; they wait here for their absolute end
   where s.tenant_id = old.tenant_id and s.user_id = old.user_id and s.token_hash = old.token_hash;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('sessions', n);

  delete from app.devices d using (
    select x.tenant_id, x.user_id, x.device_hash from app.devices x where x.created_at < now() - interval '14 days' limit p_batch) old
   where d.tenant_id = old.tenant_id and d.user_id = old.user_id and d.device_hash = old.device_hash;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('devices', n);

  delete from app.authenticators a using (
    select x.tenant_id, x.user_id, x.authenticator_id from app.authenticators x
     where x.state = 'pending' and x.expires_at < now() limit p_batch) old
   where a.tenant_id = old.tenant_id and a.user_id = old.user_id and a.authenticator_id = old.authenticator_id and a.state = 'pending'
     and a.expires_at < now();
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('authenticators', n);

  delete from app.phones p using (
    select x.tenant_id, x.user_id, x.phone_id from app.phones x
     where x.state = 'unverified' and x.created_at < now() - interval '30 days' limit p_batch) old
   where p.tenant_id = old.tenant_id and p.user_id = old.user_id and p.phone_id = old.phone_id and p.state = 'unverified';
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('phones', n);

  -- a request that nobody approved says nothing; a bypass that is over does
  with over as (
    delete from app.bypasses b using (
      select x.tenant_id, x.user_id from app.bypasses x where x.expires_at <= now() limit p_batch) old
     where b.tenant_id = old.tenant_id and b.user_id = old.user_id and b.expires_at <= now()
    returning b.tenant_id, b.user_id, b.state
  )
  select count(*), count(jobs.event(o.tenant_id, 'bypass_ended', '{"cause":"expired"}', o.user_id)) filter (where o.state = 'approved')
    into n, told from over o;
  removed := removed || jsonb_build_object('bypasses', n, 'bypasses_ended', told);

  -- takes its sends along
  delete from app.challenges c using (
    select x.tenant_id, x.user_id, x.challenge_id from app.challenges x
     where x.created_at < now() - interval '90 days' and x.state <> 'live' limit p_batch) old
   where c.tenant_id = old.tenant_id and c.user_id = old.user_id and c.challenge_id = old.challenge_id;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('challenges', n);

  delete from app.idempotency i using (
    select x.tenant_id, x.key_id, x.endpoint, x.idem_key from app.idempotency x
     where x.created_at < now() - interval '24 hours' limit p_batch) old
   where i.tenant_id = old.tenant_id and i.key_id = old.key_id and i.endpoint = old.endpoint and i.idem_key = old.idem_key;
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('idempotency', n);

  delete from app.velocity v using (
    select x.scope, x.key from app.velocity x where x.used_at < now() - interval '1 day' limit p_batch) old
   where v.scope = old.scope and v.key = old.key and v.used_at < now() - interval '1 day';
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('velocity', n);

  removed := removed || jsonb_build_object('events', jobs.events_expire(p_batch), 'exports', jobs.exports_expire(p_batch));

  delete from app.suppressions s using (
    select x.platform_index, x.reason from app.suppressions x
     where coalesce(x.until, now()) <= now() and x.strikes[cardinality(x.strikes)] < now() - interval '30 days' limit p_batch) old
   where s.platform_index = old.platform_index and s.reason = old.reason
     and coalesce(s.until, now()) <= now() and s.strikes[cardinality(s.strikes)] < now() - interval '30 days';
  get diagnostics n = row_count;
  removed := removed || jsonb_build_object('suppressions', n);
  removed := removed || jsonb_build_object('deliveries', jobs.webhooks_clean_up(p_batch), 'mails', jobs.mails_clean_up(p_batch));
  return removed::json;
end
$$;
