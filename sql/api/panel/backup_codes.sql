-- Backup codes.

-- A fresh session makes a new set of ten; the old set is void. p_macs: JSON array of hex strings. Returns 201 with the number of codes.
create or replace function api.backup_codes_create(p_macs json)
returns api.reply language plpgsql security definer set search_path = '' as $$
declare
  fresh constant bytea[] := array(select decode(mac, 'hex') from unnest(app.strings(p_macs)) mac);
begin
  if not app.entered('session') then
    return app.refuse('session_required');
  end if;
  insert into app.backup_codes as b (tenant_id, user_id, macs) values (app.tenant(), app.user_id(), fresh)
  on conflict on constraint backup_codes_pk do update set macs = excluded.macs, created_at = now();
  perform app.event('backup_codes_created');
  return app.ok(201, json_build_object('left', cardinality(fresh)));
end
$$;
