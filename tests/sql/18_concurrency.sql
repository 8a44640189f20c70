-- Goal: what may happen once happens once, however many ask at the same time. Real connections, as the server's role, each call its own
-- transaction; this file commits, so it works in stores of its own names.
select no_plan();
\set QUIET 1

-- p_calls[n] runs on connection n, all at the same time, p_rounds times over; returns how often each outcome came.
-- The calls of a round wait at a gate (an advisory lock) until all are sent, and no answer is read before.
create function test.race(p_connections integer, p_rounds integer, p_call text) returns table (outcome text, times bigint) language plpgsql as $$
declare
  n integer;
  round integer;
  answer text;
begin
  create temp table if not exists outcomes (outcome text);
  delete from outcomes;
  for n in 1..p_connections loop
    perform dblink_connect('race' || n, format('host=%s port=%s dbname=%s user=tillgate_server',
      (regexp_split_to_array(current_setting('unix_socket_directories'), ','))[1], current_setting('port'), current_database()));
  end loop;
  for round in 1..p_rounds loop
    perform pg_advisory_lock(4242);
    for n in 1..p_connections loop
      perform dblink_send_query('race' || n, 'select ''entered'' from (select pg_advisory_xact_lock_shared(4242)) gate; '
                                || replace(replace(p_call, '$round', round::text), '$n', n::text));
    end loop;
    perform pg_advisory_unlock(4242);
    for n in 1..p_connections loop
      -- a pair of statements answers twice, and then once more with nothing
      loop
        answer := null;
        begin
          select a into answer from dblink_get_result('race' || n) as r (a text);
        exception when others then
          answer := 'error ' || sqlstate;
        end;
        exit when answer is null;
        if answer <> 'entered' then
          insert into outcomes values (answer);
        end if;
      end loop;
    end loop;
  end loop;
  for n in 1..p_connections loop
    perform dblink_disconnect('race' || n);
  end loop;
  return query select o.outcome, count(*) from outcomes o group by 1 order by 1;
end
$$;
-- enter as text for the race: the two statements of a call go out as one query, which is one transaction, as in the server's groups
create function test.as_session(p_store text, p_name text, p_token text) returns text language sql as $$
  select format($f$select coalesce(code, 'entered') from api.enter_session(%L, %L, %L, %L, 'launched', %L, '192.0.2.1'); $f$,
    test.id(p_store), test.id(p_name), test.hash(p_token), p_store, test.id('race request')) $$;

select test.store('race'), test.person('race', 'ann'), test.phone('race', 'ann', '+1'), test.session('race', 'ann', 'r0', 'launched'),
       test.authenticator('race', 'ann') \g /dev/null

-- 100 wrong guesses at one challenge: five are looked at (THR-1)
begin;
select test.enter('race', 'ann', 'r0'), (test.send('second_step_send_code', 'c1', 's1')).status \g /dev/null
commit;
create temp table guesses as select * from test.race(10, 10, test.as_session('race', 'ann', 'r0')
  || format('select coalesce(code, status::text) from api.second_step_verify(%L, sha256(''$round $n''), null, null, null, false, %L, %L, null, null, null)',
            test.id('c1'), test.id('x'), test.hash('x')));
select is((select times from guesses where outcome = 'code_wrong'), 5::bigint, 'of 100 parallel guesses 5 are compared');
select is((select coalesce(sum(times), 0) from guesses where outcome not in ('code_wrong', 'code_expired', 'challenge_exhausted', 'locked')), 0::numeric, 'the others are refused');
select is((select tries from app.challenges where challenge_id = test.id('c1')), 5::smallint, 'five tries');
select cmp_ok((select wrong_codes from app.users where user_id = test.id('ann')), '<=', 10::smallint, 'counted for the user');

-- 100 parallel guesses at the authenticator: C would be asked at most 10 times, then the lock stands (THR-2)
update app.users set wrong_codes = 0, sms_wrong = 0, authenticator_wrong = 0, locked_until = null, lock_level = 0 where user_id = test.id('ann');
create temp table totp as select * from test.race(10, 10, test.as_session('race', 'ann', 'r0')
  || format('select coalesce(code, status::text) from api.second_step_verify(null, null, null, null, null, true, %L, %L, null, null, null)', test.id('x'), test.hash('x')));
select is((select times from totp where outcome = 'totp_check'), 10::bigint, 'of 100 parallel authenticator codes 10 are compared');
select is((select times from totp where outcome = 'locked'), 90::bigint, 'the others find the lock');
select is((select lock_level from app.users where user_id = test.id('ann')), 1::smallint, 'one lock');
-- with five left and ten at once, the lock that one of them sets stops the others
update app.users set wrong_codes = 5, authenticator_wrong = 0, locked_until = null, lock_level = 0 where user_id = test.id('ann');
create temp table five as select * from test.race(10, 2, test.as_session('race', 'ann', 'r0')
  || format('select coalesce(code, status::text) from api.second_step_verify(null, null, null, null, null, true, %L, %L, null, null, null)', test.id('x'), test.hash('x')));
select is((select times from five where outcome = 'totp_check'), 5::bigint, 'with five left, ten at once: five are compared') || E'\n' || is((select times from five where outcome = 'locked'), 15::bigint, 'the others find the lock');
-- the same when a hundred in a row are near
update app.users set wrong_codes = 0, authenticator_wrong = 95, locked_until = null where user_id = test.id('ann');
create temp table off as select * from test.race(10, 2, test.as_session('race', 'ann', 'r0')
  || format('select coalesce(code, status::text) from api.second_step_verify(null, null, null, null, null, true, %L, %L, null, null, null)', test.id('x'), test.hash('x')));
select is((select times from off where outcome = 'totp_check'), 5::bigint, 'five are left of a hundred');
select is((select times from off where outcome = 'method_off'), 15::bigint, 'then the method is off');
update app.users set wrong_codes = 0, authenticator_wrong = 0, sms_wrong = 0, locked_until = null where user_id = test.id('ann');

-- one right code, many times at once: one session (OOB-3). Every connection brings a token of its own.
select test.store('race' || n), test.person('race' || n, 'p' || n), test.phone('race' || n, 'p' || n, '+' || n, p_range => 'r' || n), test.session('race' || n, 'p' || n, 't' || n, 'launched'),
       test.backup_codes('race' || n, 'p' || n, 'one') from generate_series(1, 5) n \g /dev/null
do $$
begin
  for n in 1..5 loop
    perform test.enter('race' || n, 'p' || n, 't' || n, 'launched', '10.9.0.' || n);
    perform test.send('second_step_send_code', 'rc' || n, 'rs' || n);
  end loop;
end
$$;
create function test.right_code(p_n integer, p_tail text) returns text language sql as $$
  select test.as_session('race' || p_n, 'p' || p_n, 't' || p_n) || 'select coalesce(code, status::text) from api.second_step_verify(' || p_tail || ', false, '
    || quote_literal(test.id('x')) || ', sha256(''new $n''), null, null, null)' $$;
create temp table right_codes (n integer, outcome text, times bigint);
do $$
begin
  for n in 1..5 loop
    insert into right_codes select n, r.* from test.race(10, 1, test.right_code(n, format('%L, %L, null, null, null', test.id('rc' || n), test.hash('rc' || n || ' code')))) r;
  end loop;
end
$$;
select is((select array_agg(times order by n) from right_codes where outcome = '200'), array[1, 1, 1, 1, 1]::bigint[], 'a right code, ten times at once, opens one session');
select is((select count(*) from app.sessions where tenant_id in (select test.id('race' || n) from generate_series(1, 5) n)), 5::bigint, 'one session each');
select is((select count(*) from right_codes where outcome like 'error%'), 0::bigint, 'the others are refused, not failed');

-- one backup code, many times at once, over two sessions of the user (LKP-2)
select test.session('race' || n, 'p' || n, 't' || n, 'launched') from generate_series(1, 5) n \g /dev/null
create temp table backups (n integer, outcome text, times bigint);
do $$
begin
  for n in 1..5 loop
    insert into backups select n, r.* from test.race(10, 1, test.right_code(n, format('null, null, null, %L, null', test.hash('one')))) r;
  end loop;
end
$$;
select is((select array_agg(times order by n) from backups where outcome = '200'), array[1, 1, 1, 1, 1]::bigint[], 'a backup code, ten times at once, works once');
select is((select sum(cardinality(macs)) from app.backup_codes where tenant_id in (select test.id('race' || n) from generate_series(1, 5) n)), 0::bigint, 'and is gone');

-- one ticket, many times at once (SSO-2)
insert into app.launches (tenant_id, launch_id, user_id, ticket_hash, role, mode, destination, expires_at)
select test.id('race'), test.id('l' || n), test.id('ann'), test.hash('ticket ' || n), 'admin', 'live', '/', now() + interval '1 minute' from generate_series(1, 10) n;
create temp table redeems as select * from test.race(10, 10,
  format('select coalesce(code, ''entered'') from api.enter_host(''race'', %L, ''''); select coalesce(code, status::text) from api.launch_redeem(sha256(''ticket $round''), %L, ''secret $round $n'', null)', test.id('r'), test.id('s')));
select is((select times from redeems where outcome = '200'), 10::bigint, 'ten tickets, each ten times at once: ten sessions');
select is((select times from redeems where outcome = 'launch_expired'), 90::bigint, 'the others are refused');

-- the same time step, many times at once (TOTP-3)
select test.session('race', 'ann', 'totp ' || n, 'launched') from generate_series(1, 10) n \g /dev/null
create function test.as_totp() returns text language sql as $$
  select replace(test.as_session('race', 'ann', 'totp'), quote_literal(test.hash('totp')), 'sha256(''totp $n'')')
    || format('select coalesce(code, status::text) from api.second_step_totp(%L, 200 + $round, %L, sha256(''after $round $n''), null, null, null, null)', test.id('ann app'), test.id('x')) $$;
create temp table steps as select * from test.race(10, 1, test.as_totp());
select is((select times from steps where outcome = '200'), 1::bigint, 'a time step is spent once');
select is((select times from steps where outcome = 'code_expired'), 9::bigint, 'the others come too late');

-- the last slots of a limit: six texts in one number range within 10 minutes, asked for by ten users at once. Each commits alone.
select test.store('slots') \g /dev/null
select test.person('slots', 'u' || n), test.phone('slots', 'u' || n, '+55' || n, p_range => 'slots'), test.session('slots', 'u' || n, 'u' || n) from generate_series(1, 10) n \g /dev/null
create function test.as_sender(p_function text, p_user text default 'u$n') returns text language sql as $$
  -- the ids of user number n are made where the connection's number is known
  select format($f$select coalesce(code, 'entered') from api.enter_session(%L, (lpad('$n', 8, '0') || right(md5('u$n'), 24))::uuid, sha256('u$n'), 'slots', 'launched', %L, '10.8.0.$n');
    select coalesce(code, status::text) from api.%I((lpad('$n', 8, '0') || right(md5('c$n'), 24))::uuid, (lpad('$n', 8, '0') || right(md5('s$n'), 24))::uuid, sha256('code'), '\xc0de', 1, 1)$f$,
    test.id('slots'), test.id('r'), p_function) $$;
create temp table slots as select * from test.race(10, 1, test.as_sender('second_step_send_code'));
select is((select times from slots where outcome = '202'), 6::bigint, 'ten at once for six places: six texts');
select is((select times from slots where outcome = 'limit_range'), 4::bigint, 'four refusals, no failure, no deadlock');
select is((select count(*) from app.sends where tenant_id = test.id('slots')), 6::bigint, 'six texts in the queue');
select is((select sum(cardinality(stamps)) from app.velocity where scope = 'user' and key like test.id('slots') || ':%'), 6::bigint, 'refusals spent nothing');

-- one user's many clicks at once: one text
select test.store('clicks'), test.person('clicks', 'click'), test.phone('clicks', 'click', '+77', p_range => 'clicks'), test.session('clicks', 'click', 'click') \g /dev/null
create temp table clicks as select * from test.race(10, 3, test.as_session('clicks', 'click', 'click')
  || 'select coalesce(code, status::text) from api.second_step_send_code(md5(''c $round $n'')::uuid, md5(''s $round $n'')::uuid, sha256(''code''), ''\xc0de'', 1, 1)');
select is((select times from clicks where outcome = '202'), 1::bigint, 'thirty clicks, one text') || E'\n' || is((select times from clicks where outcome = 'resend_too_early'), 29::bigint, 'the others are told to wait');
select is((select count(*) from app.sends where tenant_id = test.id('clicks')), 1::bigint, 'one text');
-- and when a resend is due: one resend
update app.challenges set resend_at = now() where tenant_id = test.id('clicks');
create temp table resends as select * from test.race(10, 2, test.as_session('clicks', 'click', 'click')
  || 'select coalesce(code, status::text) from api.second_step_send_code(md5(''c2 $round $n'')::uuid, md5(''s2 $round $n'')::uuid, sha256(''code''), ''\xc0de'', 1, 1)');
select is((select times from resends where outcome = '202'), 1::bigint, 'twenty clicks when a resend is due: one');
select is((select sends from app.challenges where tenant_id = test.id('clicks') and state = 'live'), 2::smallint, 'of the same challenge');

-- one claim of a text
create temp table claims as select * from test.race(10, 1,
  format('select coalesce(code, ''entered'') from api.enter_system(%L, %L); select coalesce(code, status::text) from api.send_claim((select ''%s''::uuid))', test.id('slots'), test.id('r'),
         (select send_id from app.sends where tenant_id = test.id('slots') limit 1)));
select is((select times from claims where outcome = '200'), 1::bigint, 'ten workers, one claim') || E'\n' || is((select times from claims where outcome = 'gone'), 9::bigint, 'nine go away');

-- the same POST, many times at once: one effect, one answer (API-2); and ten first launches: one owner
select test.platform_key() \g /dev/null
create temp table posts as select * from test.race(10, 1, format('select coalesce(code, ''entered'') from api.enter_platform(%L, null, %L, '''', ''same key'', ''\x01'', ''tenants:write''); '
  || 'select coalesce(code, status || '' '' || replayed) from api.tenant_create(md5(''made $n'')::uuid, ''made'', ''Made'', ''US'', ''en'', ''[]'', null, null, null, null, false)', test.hash('platform key'), test.id('r')));
select is((select times from posts where outcome = '201 false'), 1::bigint, 'one of ten equal POSTs makes a tenant') || E'\n' || is((select coalesce(sum(times), 0) from posts where outcome in ('201 true', 'idempotency_key_in_use')), 9::numeric, 'nine get its answer');
select is((select count(*) from app.tenants where slug = 'made'), 1::bigint, 'one tenant');
select test.store('owners' || n) from generate_series(1, 10) n \g /dev/null
update app.tenant_keys set last_used_at = now();  -- or noting the first use would let one in after the other
create temp table owners as select * from test.race(10, 10, format('select coalesce(code, ''entered'') from api.enter_tenant((lpad(''$round'', 8, ''0'') || right(md5(''owners$round''), 24))::uuid, sha256(''owners$round key''), %L, '''', ''key $n'', ''\x01'', ''launches''); '
  || 'select coalesce(code, status::text) from api.launch_create(md5(''l $n'')::uuid, md5(''o $n'')::uuid, sha256(''t $n''), ''o $n'', null, ''O'', ''owner'', null, ''/'', null, null, ''\x01'', ''x'')', test.id('r')));
select is((select times from owners where outcome = '201'), 100::bigint, 'ten first launches at once, in ten stores') || E'\n' || is((select count(*) from app.users where tenant_id in (select tenant_id from app.tenants where slug like 'owners%') and role = 'owner'), 10::bigint, 'one owner each');

-- two removals at once never take the last method
select test.store('last'), test.person('last', 'one'), test.phone('last', 'one', '+88'), test.authenticator('last', 'one'), test.session('last', 'one', 'one') \g /dev/null
create temp table last_ones as select * from test.race(2, 1, test.as_session('last', 'one', 'one')
  || 'select coalesce(code, status::text) from (select x.* from (select $n as n) v, lateral (select * from api.phone_remove() where n = 1 union all select * from api.authenticator_remove() where n = 2) x) y');
select is((select times from last_ones where outcome = '204'), 1::bigint, 'phone and authenticator removed at once: one goes') || E'\n' || is((select times from last_ones where outcome = 'last_method'), 1::bigint, 'the other stays');

select * from finish();
