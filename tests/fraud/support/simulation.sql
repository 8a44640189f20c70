-- What the simulation knows and the product does not: who its people are, and one call for each thing that they do. Every decision is the product's own
-- function, called as the server calls it: an enter, then the call.
create schema sim;

create table sim.people (
  n integer primary key, attack smallint not null, tenant_id uuid not null, slug text not null, country text not null, number text not null,
  range text not null, verified boolean not null, user_id uuid not null default gen_random_uuid(), phone_id uuid not null default gen_random_uuid()
);
create index on sim.people (user_id);

create function sim.id(p_kind integer, p_n bigint) returns uuid language sql immutable
  return (lpad(to_hex(p_kind), 8, '0') || lpad(to_hex(p_n), 24, '0'))::uuid;

create function sim.store(p_n integer, p_slug text, p_status text, p_countries text[], p_age interval) returns void language sql as $$
  insert into app.tenants (tenant_id, slug, name, country, locale, status, sms_countries, created_at)
  values (sim.id(1, p_n), p_slug, p_slug, p_countries[1], 'en', p_status, p_countries, now() - p_age);
  insert into app.slugs (slug, tenant_id) values (p_slug, sim.id(1, p_n));
$$;

-- People of [{n, attack, store, slug, country, number, range, verified}]: each with a number and a session that does not end.
create function sim.people_add(p_people json) returns void language sql as $$
  insert into sim.people (n, attack, tenant_id, slug, country, number, range, verified, user_id, phone_id)
  select x.n, x.attack, sim.id(1, x.store), x.slug, x.country, x.number, x.range, x.verified, sim.id(2, x.n), sim.id(3, x.n)
    from json_to_recordset(p_people) as x (n integer, attack smallint, store integer, slug text, country text, number text, range text, verified boolean);
  insert into app.users (tenant_id, user_id, external_id, name, role, locale)
  select p.tenant_id, p.user_id, p.n::text, 'Ann', 'admin', 'en' from sim.people p join json_to_recordset(p_people) as x (n integer) using (n);
  insert into app.phones (tenant_id, user_id, phone_id, state, number_sealed, tenant_index, platform_index, country, type, range, hint,
                          consent_version, consent_address, verified_at)
  select p.tenant_id, p.user_id, p.phone_id, case when p.verified then 'verified' else 'unverified' end, '\x01', sha256((p.slug || p.number)::bytea),
         sha256(p.number::bytea), p.country, 'mobile', p.range, '••12', '1', '192.0.2.1', case when p.verified then now() end
    from sim.people p join json_to_recordset(p_people) as x (n integer) using (n);
  insert into app.sessions (tenant_id, user_id, token_hash, session_id, state, role, mode, destination, user_agent, address, seen_at, expires_at)
  select p.tenant_id, p.user_id, sha256(p.user_id::text::bytea), p.user_id, 'launched', 'admin', 'live', '/', '', '192.0.2.1', 'infinity', 'infinity'
    from sim.people p join json_to_recordset(p_people) as x (n integer) using (n);
$$;

create function sim.enter(p_person sim.people, p_address text) returns void language plpgsql as $$
declare
  refusal text := (api.enter_session(p_person.tenant_id, p_person.user_id, sha256(p_person.user_id::text::bytea), p_person.slug, 'launched',
                                     gen_random_uuid(), p_address)).code;
begin
  if refusal is not null then raise 'not let in: %', refusal; end if;
end
$$;

-- Person p_n asks for a text; its right code is p_text. Says `sent`, or the code and the reason of the refusal.
create function sim.ask(p_n integer, p_text bigint, p_address text) returns text language plpgsql as $$
declare
  person sim.people;
  reply api.reply;
begin
  select * into person from sim.people p where p.n = p_n;
  perform sim.enter(person, p_address);
  if person.verified then
    select * into reply from api.second_step_send_code(sim.id(4, p_text), sim.id(5, p_text), sha256(p_text::text::bytea), '\x01', 1, 1);
  else
    select * into reply from api.phone_send_code(sim.id(4, p_text), sim.id(5, p_text), sha256(p_text::text::bytea), '\x01', 1, 1);
  end if;
  return case when reply.status = 202 then 'sent ' || (reply.body->>'id') else concat_ws(' ', reply.code, reply.body->>'reason') end;
end
$$;

-- The provider takes the text, delivers it, and says what it cost: a tenth less than was reserved.
create function sim.delivered(p_n integer, p_text bigint) returns void language plpgsql as $$
declare
  person sim.people;
  fence bigint;
  reserved bigint;
begin
  select * into person from sim.people p where p.n = p_n;
  perform api.enter_system(person.tenant_id, gen_random_uuid());
  fence := ((api.send_claim(sim.id(5, p_text))).body->>'fence')::bigint;
  if fence is null then return; end if;
  select s.reserved_micros into reserved from app.sends s where s.tenant_id = person.tenant_id and s.send_id = sim.id(5, p_text);
  perform api.send_outcome(sim.id(5, p_text), fence, 'accepted', 'SM' || p_text, null, null, null, 'messaging', null),
          api.send_callback(sim.id(5, p_text), 'SM' || p_text, 'delivered', null, null),
          api.send_settle(sim.id(5, p_text), reserved * 9 / 10, 1);
end
$$;

-- Person p_n types the code of that text. Says whether it was right; then the person's next visit begins.
create function sim.answer(p_n integer, p_text bigint) returns boolean language plpgsql as $$
declare
  person sim.people;
  challenge uuid;
  mac bytea;
  reply api.reply;
  token bytea;
begin
  select * into person from sim.people p where p.n = p_n;
  token := sha256(person.user_id::text::bytea);
  select s.challenge_id, c.mac into challenge, mac from app.sends s join app.challenges c using (tenant_id, user_id, challenge_id)
   where s.tenant_id = person.tenant_id and s.send_id = sim.id(5, p_text);
  perform sim.enter(person, null);
  if person.verified then
    select * into reply from api.second_step_verify(challenge, mac, null, null, null, false, sim.id(6, p_text), token, null, null, '');
  else
    select * into reply from api.phone_verify(challenge, mac, null, sim.id(6, p_text), token);
  end if;
  if reply.status is distinct from 200 then return false; end if;
  update sim.people p set verified = true where p.n = p_n and not p.verified;
  update app.sessions s set state = 'launched', seen_at = 'infinity', expires_at = 'infinity'
   where s.tenant_id = person.tenant_id and s.user_id = person.user_id;
  return true;
end
$$;

-- What the timer did since it was last called here. It runs every two seconds and rolls up ten minutes of texts at most: that is caught up with first.
create function sim.tick() returns void language plpgsql as $$
begin
  perform api.enter_system(null, gen_random_uuid());
  while jobs.conversions_roll_up() > 0 or (select r.up_to < now() - interval '11 minutes' from app.roll_ups r where r.name = 'conversions') loop
    null;
  end loop;
  perform api.jobs_tick();
end
$$;

-- I7: every counter against the ledger, for every store that ever sent; and the platform's. No rows when all is well.
create function sim.money_wrong() returns setof text language plpgsql as $$
declare
  store uuid;
begin
  for store in select tenant_id from app.spent loop
    perform api.enter_system(store, gen_random_uuid());
    return query select format('%s %s: counted %s, ledger %s', store, m.counter, m.counted, m.ledger) from app.money_check() m;
  end loop;
  return query
    select format('platform %s: counted %s, texts cost %s', w.span, w.micros, w.cost)
      from (select 'day' as span, p.day_micros as micros, (select coalesce(sum(s.price_micros), 0) from app.sends s where s.created_at >= p.day_start) as cost from app.platform_spent p
            union all
            select 'hour', p.hour_micros, (select coalesce(sum(s.price_micros), 0) from app.sends s where s.created_at >= p.hour_start) from app.platform_spent p) w
     where w.micros <> w.cost;
end
$$;
