-- Launch tickets: made and revoked by the store's backend, redeemed once by the browser.

-- How much a role may do.
create or replace function app.role_rank(p_role text) returns integer language sql immutable
return case p_role when 'owner' then 3 when 'admin' then 2 else 1 end;

-- Whom the store launches, by ticket or by token. The user is made at the first launch; the first user of a store becomes its owner, later
-- ones at most admin; a launch may lower a stored role, never raise it. p_locale is for a new user. Returns the user and the role of
-- this launch, or the problem code of a refusal.
create or replace function app.launch_person(p_user_id uuid, p_external_id text, p_email text, p_name text, p_role text, p_locale text,
                                             out user_id uuid, out role text, out refusal text)
language plpgsql as $$
declare
  person record;
begin
  insert into app.users as u (tenant_id, user_id, external_id, email, name, role, locale)
  values (app.tenant(), p_user_id, p_external_id, p_email, p_name, case when p_role = 'owner' then 'admin' else p_role end, p_locale)
  on conflict on constraint users_external_id_once do update
    set email = excluded.email, name = excluded.name, version = u.version + 1
    where (u.email, u.name) is distinct from (excluded.email, excluded.name)
  returning u.user_id, u.role, u.removed_at, u.locked_at into person;
  if not found then  -- known, and nothing to change
    select u.user_id, u.role, u.removed_at, u.locked_at into person
      from app.users u where u.tenant_id = app.tenant() and u.external_id = p_external_id;
  end if;
  if person.removed_at is not null then
    refusal := 'not_found';
    return;
  elsif person.locked_at is not null then
    refusal := 'user_locked';
    return;
  end if;

  -- two first launches may come together: the one whose update finds no owner makes its user the owner
  if exists (select from app.tenants t where t.tenant_id = app.tenant() and t.owner_user_id is null) then
    update app.tenants t set owner_user_id = person.user_id where t.tenant_id = app.tenant() and t.owner_user_id is null;
    if found then
      update app.users u set role = 'owner' where u.tenant_id = app.tenant() and u.user_id = person.user_id;
      person.role := 'owner';
    end if;
  end if;
  user_id := person.user_id;
  role := case when app.role_rank(p_role) < app.role_rank(person.role) then p_role else person.role end;
end
$$;

-- A browser's first session: launched, for 10 minutes. p_session_secret is the random part of the cookie; the hash that is kept covers
-- tenant and user too, which only ticket or token knew. Returns the body for the cookie (plain UUIDs, for C alone).
create or replace function app.launch_session(p_user_id uuid, p_role text, p_mode text, p_destination text, p_return_url text,
                                              p_session_id uuid, p_session_secret bytea, p_user_agent text)
returns json language plpgsql as $$
begin
  insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, destination, return_url, user_agent, address,
                            expires_at)
  values (app.tenant(), p_user_id, sha256(uuid_send(app.tenant()) || uuid_send(p_user_id) || p_session_secret), p_session_id,
          'launched', p_role, p_mode, p_destination, p_return_url, left(coalesce(p_user_agent, ''), 200),
          current_setting('app.address', true), now() + interval '10 minutes');
  return json_build_object('tenant_id', app.tenant(), 'user_id', p_user_id);
end
$$;

-- The store launches a user. p_post_to holds {slug}. Returns 201 with the launch and, sealed, its ticket; or not_found when the user was
-- removed, user_locked.
create or replace function api.launch_create(p_launch_id uuid, p_user_id uuid, p_ticket_hash bytea, p_external_id text, p_email text,
                                             p_name text, p_role text, p_locale text, p_destination text, p_return_url text,
                                             p_return_origin text, p_ticket_sealed bytea, p_post_to text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  reply api.reply;
  tenant record;
  person record;
  life constant interval := interval '60 seconds';
begin
  if not app.entered('tenant') then
    return app.refuse('key_refused');
  end if;
  reply := app.idem_begin('launch_create');
  if reply.replayed is not null then
    return reply;
  end if;
  select t.slug, t.locale, t.return_origins into tenant from app.tenants t where t.tenant_id = app.tenant();
  if p_return_url is not null and (p_return_origin is null or p_return_origin <> all (tenant.return_origins)) then
    return app.idem_end('launch_create', app.refuse_field('body_invalid', '/return_url'));
  end if;

  person := app.launch_person(p_user_id, p_external_id, p_email, p_name, p_role, coalesce(p_locale, tenant.locale));
  if person.refusal is not null then
    return app.idem_end('launch_create', app.refuse(person.refusal));
  end if;

  insert into app.launches (tenant_id, launch_id, user_id, ticket_hash, role, mode, destination, return_url, expires_at)
  values (app.tenant(), p_launch_id, person.user_id, p_ticket_hash, person.role, current_setting('app.mode', true),
          coalesce(p_destination, '/'), p_return_url, now() + life);
  perform app.event('launch_created', person.user_id, json_build_object('launch', app.typeid('launch', p_launch_id), 'role', person.role));
  return app.idem_end('launch_create', app.ok(201, json_build_object(
    'id', app.typeid('launch', p_launch_id),
    'post_to', replace(p_post_to, '{slug}', tenant.slug),
    'expires_at', app.time(now() + life),
    'user', json_build_object('id', app.typeid('user', person.user_id), 'role', person.role)), null, p_ticket_sealed));
end
$$;

-- The store takes back a ticket that nobody has redeemed yet. Returns 204, or not_found.
create or replace function api.launch_revoke(p_launch_id uuid)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  person uuid;
begin
  if not app.entered('tenant') then
    return app.refuse('key_refused');
  end if;
  update app.launches l set state = 'revoked'
   where l.tenant_id = app.tenant() and l.launch_id = p_launch_id and l.state = 'open' and l.expires_at > now()
  returning l.user_id into person;
  if not found then
    return app.refuse('not_found');
  end if;
  perform app.event('launch_revoked', person, json_build_object('launch', app.typeid('launch', p_launch_id)));
  return app.ok(204);
end
$$;

-- A browser redeems a ticket, once, into a launched session. Returns 200 with app.launch_session's body, or launch_expired.
create or replace function api.launch_redeem(p_ticket_hash bytea, p_session_id uuid, p_session_secret bytea, p_user_agent text)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  launch record;
begin
  if not app.entered('host') then
    return app.refuse('launch_expired');
  end if;
  update app.launches l set state = 'redeemed'
    from app.users u
   where l.tenant_id = app.tenant() and l.ticket_hash = p_ticket_hash and l.state = 'open' and l.expires_at > now()
     and u.tenant_id = l.tenant_id and u.user_id = l.user_id and u.removed_at is null and u.locked_at is null
     and (u.signed_out_at is null or l.created_at >= u.signed_out_at)
  returning l.launch_id, l.user_id, case when app.role_rank(u.role) < app.role_rank(l.role) then u.role else l.role end as role,
            l.mode, l.destination, l.return_url into launch;
  if not found then
    return app.refuse('launch_expired');
  end if;
  perform app.event('launch_redeemed', launch.user_id,
    json_build_object('launch', app.typeid('launch', launch.launch_id), 'session', app.typeid('session', p_session_id)));
  return app.ok(200, app.launch_session(launch.user_id, launch.role, launch.mode, launch.destination, launch.return_url, p_session_id,
                                        p_session_secret, p_user_agent));
end
$$;
