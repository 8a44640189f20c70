-- How often: sliding windows by phone, user, address and number range.

-- One use of a limit on how often: p_key may be used p_short_max times within p_short and p_long_max times within p_long. Returns null and
-- has counted the use, or the seconds until it would be let through, and has counted nothing.
create or replace function app.spend(p_scope text, p_key text, p_short interval, p_short_max integer, p_long interval, p_long_max integer)
returns integer language plpgsql as $$
begin
  insert into app.velocity as v (scope, key, stamps) values (p_scope, p_key, array[now()])
  on conflict on constraint velocity_pk do update
    set stamps = array(select t from unnest(v.stamps) t where t > now() - greatest(p_short, p_long) order by t) || now(),
        used_at = now()
    where (select count(*) from unnest(v.stamps) t where t > now() - p_short) < p_short_max
      and (select count(*) from unnest(v.stamps) t where t > now() - p_long) < p_long_max;
  if found then
    return null;
  end if;
  -- the stamp that must leave the window first: counted from the newest, the one at the limit
  return (select app.seconds_until(greatest(
            (select t + p_short from unnest(v.stamps) t where t > now() - p_short order by t desc offset p_short_max - 1 limit 1),
            (select t + p_long from unnest(v.stamps) t where t > now() - p_long order by t desc offset p_long_max - 1 limit 1)))
            from app.velocity v where v.scope = p_scope and v.key = p_key);
end
$$;

-- One use of a limit on how many different: p_key may be used with p_max different members within p_window. Returns as app.spend.
create or replace function app.spend_member(p_scope text, p_key text, p_member text, p_window interval, p_max integer)
returns integer language plpgsql as $$
begin
  insert into app.velocity as v (scope, key, stamps, members) values (p_scope, p_key, array[now()], array[p_member])
  on conflict on constraint velocity_pk do update
    set stamps = array(select t.at from unnest(v.stamps, v.members) with ordinality as t (at, member, n)
                        where t.at > now() - p_window and t.member <> p_member order by t.n) || now(),
        members = array(select t.member from unnest(v.stamps, v.members) with ordinality as t (at, member, n)
                         where t.at > now() - p_window and t.member <> p_member order by t.n) || p_member,
        used_at = now()
    where (select count(*) from unnest(v.stamps, v.members) as t (at, member)
            where t.at > now() - p_window and t.member <> p_member) < p_max;
  if found then
    return null;
  end if;
  return (select app.seconds_until((select t.at + p_window from unnest(v.stamps, v.members) as t (at, member)
                                     where t.at > now() - p_window and t.member <> p_member order by t.at desc offset p_max - 1 limit 1))
            from app.velocity v where v.scope = p_scope and v.key = p_key);
end
$$;

-- The limits on how often, for one text to p_phone: phone, user, address, range, each a layer. Refuses by app.hit, and counts what it lets through.
create or replace function app.spend_velocity(p_phone app.phones, p_shadow text[]) returns void language plpgsql as $$
declare
  phone constant text := encode(p_phone.platform_index, 'hex');
  person constant text := p_phone.tenant_id || ':' || p_phone.user_id;
  address constant text := nullif(current_setting('app.address', true), '');
  hour constant interval := interval '1 hour';
  day constant interval := interval '1 day';
  wait integer;
begin
  wait := app.spend('phone', phone, hour, 5, day, 10);
  if wait is null and p_phone.state = 'unverified' then
    wait := app.spend('phone_unverified', phone, day, 3, day, 3);
  end if;
  if wait is not null then
    perform app.hit(p_shadow, 'phone', 'limit_phone', 'phone', wait);
  end if;

  wait := app.spend('user', person, hour, 5, day, 10);
  if wait is null then
    wait := app.spend_member('user_numbers', person, phone, day, 3);
  end if;
  if wait is not null then
    perform app.hit(p_shadow, 'user', 'limit_user', 'user', wait);
  end if;

  if address is not null then
    wait := app.spend('address', address, hour, 10, day, 30);
    if wait is null then
      wait := app.spend_member('address_numbers', address, phone, hour, 5);
    end if;
    if wait is not null then
      perform app.hit(p_shadow, 'address', 'limit_address', 'address', wait);
    end if;
  end if;

  -- a range in which people have answered 20 texts is known to be people
  if coalesce((select r.verified from app.ranges r where r.range = p_phone.range), 0) < 20 then
    wait := app.spend('range', p_phone.range, hour, 20, hour, 20);
    if wait is null then
      wait := app.spend_member('range_numbers', p_phone.range, phone, interval '10 minutes', 6);
    end if;
    if wait is not null then
      perform app.hit(p_shadow, 'range', 'limit_range', 'range', wait);
      -- only recorded: what nobody has answered yet is bounded all the same
      wait := app.spend('immature', 'range ' || p_phone.range, interval '10 minutes', 20, interval '10 minutes', 20);
      if wait is not null then
        perform app.hit(p_shadow, 'breaker_range', 'breaker_open', 'immature_range', wait);
      end if;
    end if;
  end if;
end
$$;

-- Gives back what a text that never arrived had used of the limits by phone and user: its stamp is the time it was asked for.
create or replace function app.velocity_give_back(p_scope text, p_key text, p_at timestamptz) returns void language plpgsql as $$
begin
  update app.velocity v
     set stamps = v.stamps[:array_position(v.stamps, p_at) - 1] || v.stamps[array_position(v.stamps, p_at) + 1:]
   where v.scope = p_scope and v.key = p_key and p_at = any (v.stamps);
end
$$;
