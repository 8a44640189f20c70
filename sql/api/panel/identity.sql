-- What an application behind the panel is told of a session.

-- A signed-in session says who it is: the claims of an identity token that the database knows; times in whole seconds since 1970. The role is the
-- lower of the launch's and the user's own at this moment. Returns 200, or session_required.
create or replace function api.identity_read()
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  body json;
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  select json_build_object(
           'name', u.name, 'store', t.name, 'sid', app.typeid('session', s.session_id),
           'role', case when app.role_rank(s.role) < app.role_rank(u.role) then s.role else u.role end,
           'amr', to_json(s.amr), 'auth_time', floor(extract(epoch from coalesce(s.auth_at, s.second_step_at, s.created_at)))::bigint,
           'iat', floor(extract(epoch from now()))::bigint, 'exp', floor(extract(epoch from s.expires_at))::bigint)
    into body
    from app.sessions s
    join app.users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
    join app.tenants t on t.tenant_id = s.tenant_id
   where s.tenant_id = app.tenant() and s.user_id = app.user_id() and s.token_hash = app.session_hash();
  if body is null then  -- ended since enter saw it
    return app.refuse('session_required');
  end if;
  return app.ok(200, body);
end
$$;
