-- Schema bench: what the measurement knows and the product does not. Dropped with the database.
\set ON_ERROR_STOP on
set client_min_messages = warning;
drop schema if exists bench cascade;
truncate app.tenants, app.slugs, app.platform_keys, app.ranges, app.velocity, app.breakers, app.spent, app.spent_countries, app.platform_slots cascade;

create schema bench;
create table bench.users (
  n integer, tenant_id uuid, user_id uuid, session_id uuid, token_hash bytea, slug text, phone_id uuid,
  number_sealed bytea, tenant_index bytea, platform_index bytea, range text, hint text, address text,
  challenge_id uuid, mac bytea, code_sealed bytea, send_id uuid,
  new_challenge uuid, new_send uuid, new_session uuid, new_token bytea
);

-- The users that writes are measured with, in the order in which they come.
create table bench.chosen (k integer primary key, n integer);

create function bench.yesterday(id uuid) returns uuid language sql immutable
  as $$ select ('00' || substr(replace(id::text, '-', ''), 3))::uuid $$;

-- Everything that earlier measurements left of the chosen users is removed, then each has one session of this state, and a live
-- challenge when asked for. Equal for product and ceilings.
create procedure bench.reset(session_state text, challenge boolean) language plpgsql as $$
begin
  set local session_replication_role = replica;
  delete from app.sends where created_at > now() - interval '1 day';
  delete from app.challenges where created_at > now() - interval '1 day';
  delete from app.sessions where created_at > now() - interval '1 hour';
  delete from app.velocity;
  delete from app.event_entries;
  delete from app.devices;
  delete from app.ledger_entries;
  insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, second_step_at, destination, user_agent, address, expires_at)
    select tenant_id, user_id, token_hash, session_id, session_state, 'admin', 'live',
           case session_state when 'ready' then now() end, '/', 'Mozilla/5.0', address, now() + interval '10 minutes'
    from bench.chosen join bench.users using (n) order by n;
  if challenge then
    insert into app.challenges (tenant_id, user_id, challenge_id, purpose, phone_id, platform_index, range, hint, mac, code_sealed, key_version, send_id,
                                resend_at, expires_at)
      select tenant_id, user_id, challenge_id, 'sign_in', phone_id, platform_index, range, hint, mac, code_sealed, 1, send_id,
             now() + interval '60 seconds', now() + interval '5 minutes'
      from bench.chosen join bench.users using (n) order by n;
    insert into app.sends (tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, country, range, mode, state)
      select tenant_id, send_id, user_id, challenge_id, phone_id, platform_index, 'US', range, 'live', 'delivered'
      from bench.chosen join bench.users using (n) order by n;
  end if;
end
$$;
