-- Key sets that are fetched: the server's job asks what is due, fetches, and tells what it got. A launch never waits for it.

-- What is to be fetched now. Returns 200 with a list of {tenant_id, launch_key_id, algorithm, url}; each is the caller's alone until it is due again.
create or replace function api.jwks_due(p_limit bigint)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  return app.ok(200, jobs.jwks_due(p_limit));
end
$$;

-- A set was read: its keys, a list of {kid, public_key in hex}, take the place of those that the launch key had. Returns 204, or kid_taken when another launch
-- key has one of the kids: then nothing changes but the error that the platform sees.
create or replace function api.jwks_put(p_launch_key_id uuid, p_keys json)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  perform from app.tenants t where t.tenant_id = app.tenant() for no key update;
  perform app.launch_kids_retire();
  if exists (
    select from app.launch_key_kids k join json_to_recordset(p_keys) as n (kid text) on n.kid = k.kid
     where k.tenant_id = app.tenant() and k.retired_at is null and k.launch_key_id <> p_launch_key_id) then
    perform app.jwks_failed(p_launch_key_id, 'kid_taken');
    return app.refuse('kid_taken');
  end if;
  update app.launch_keys l set fetched_at = now(), fetch_failures = 0, fetch_error = null
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id and app.launch_key_live(l.expires_at, l.revoked_at);
  if not found then
    return app.ok(204);
  end if;
  update app.launch_key_kids k set retired_at = now()
   where k.tenant_id = app.tenant() and k.launch_key_id = p_launch_key_id and k.retired_at is null
     and k.kid not in (select n.kid from json_to_recordset(p_keys) as n (kid text));
  insert into app.launch_key_kids as k (tenant_id, launch_key_id, kid, public_key)
  select app.tenant(), p_launch_key_id, n.kid, decode(n.public_key, 'hex') from json_to_recordset(p_keys) as n (kid text, public_key text)
  on conflict on constraint launch_key_kids_pk do update set public_key = excluded.public_key, retired_at = null
    where k.public_key is distinct from excluded.public_key or k.retired_at is not null;
  return app.ok(204);
end
$$;

-- The keys that were read before hold on; the pause doubles from a minute to an hour.
create or replace function app.jwks_failed(p_launch_key_id uuid, p_why text) returns void language plpgsql as $$
begin
  update app.launch_keys l
     set fetch_failures = least(l.fetch_failures + 1, 7), fetch_error = p_why,
         fetch_due_at = now() + least(interval '1 minute' * 2 ^ l.fetch_failures, interval '1 hour')
   where l.tenant_id = app.tenant() and l.launch_key_id = p_launch_key_id and l.source = 'jwks_url';
end
$$;

-- A set could not be read, p_why says why. Returns 204.
create or replace function api.jwks_fail(p_launch_key_id uuid, p_why text)
returns api.reply language plpgsql security definer set search_path = '' as $$
begin
  if not app.entered('system') then
    return app.refuse('gone');
  end if;
  perform app.jwks_failed(p_launch_key_id, p_why);
  return app.ok(204);
end
$$;
