-- Goal: what a text costs is reserved, settled, released, refunded to the millionth; counters and ledger always agree (I7); the ledger is chained and every kind of tampering is named.
begin;
select no_plan();
select test.store('alpha') \g /dev/null
create function pg_temp.money(p_id text) returns text language plpgsql as $$
begin
  return (select format('%s %s/%s', money_state, price_micros, reserved_micros) from app.sends where send_id = test.id(p_id || ' send'));
end
$$;
create function pg_temp.lines(p_id text) returns text language plpgsql as $$
begin
  return (select string_agg(kind || ' ' || micros, ', ' order by step) from app.ledger_entries where send_id = test.id(p_id || ' send'));
end
$$;
create function pg_temp.spent() returns text language plpgsql as $$
begin
  return (select format('%s %s %s %s', hour_micros, day_micros, month_micros, day_sends) from app.spent where tenant_id = test.id('alpha'))
    || (select format(' | %s %s', micros, sends) from app.spent_countries where tenant_id = test.id('alpha')) || (select format(' | %s %s', hour_micros, day_micros) from app.platform_spent);
end
$$;
create function pg_temp.settle(p_id text, p_micros bigint, p_segments bigint default null) returns text language plpgsql as $$
begin
  perform test.system('alpha');
  return (select coalesce(x.code, x.status::text) from api.send_settle(test.id(p_id || ' send'), p_micros, p_segments) x);
end
$$;
create function pg_temp.due() returns text language plpgsql as $$
begin
  perform test.system();
  return (select string_agg(i->>'action', ',' order by i->>'action') from json_array_elements((api.sends_due(100)).body) i);
end
$$;

-- settled cheaper, at the same price, dearer
select is(test.asked('alpha', 'a1'), 'sent', 'a text') || E'\n' || is(pg_temp.money('a1'), 'reserved 20000/20000', 'reserved');
select test.ended('alpha', 'a1', 'delivered') \g /dev/null
select is(pg_temp.settle('a1', null), '204', 'its price is not known yet') || E'\n' || is(pg_temp.money('a1'), 'reserved 20000/20000', 'still reserved') || E'\n' || is(pg_temp.settle('a1', 7901, 2), '204', 'then it is')
    || E'\n' || is(pg_temp.money('a1'), 'settled 7901/20000', 'settled') || E'\n' || is(pg_temp.lines('a1'), 'reserved 20000, settled -12099', 'two lines') || E'\n' || is(pg_temp.spent(), '7901 7901 7901 1 | 7901 1 | 7901 7901', 'all counters follow')
    || E'\n' || is(pg_temp.settle('a1', 7901), '204', 'told again') || E'\n' || is(pg_temp.lines('a1'), 'reserved 20000, settled -12099', 'nothing changes');
select is((select format('%s %s', segments, price_due_at) from app.sends), '2 ', 'the provider''s segments; nobody asks for the price again');
select is(pg_temp.settle('a1', 0), '204', 'the provider takes nothing for it after all') || E'\n' || is(pg_temp.money('a1'), 'refunded 0/20000', 'refunded') || E'\n' || is(pg_temp.lines('a1'), 'reserved 20000, settled -12099, refunded -7901', 'a third line')
    || E'\n' || is(pg_temp.spent(), '0 0 0 1 | 0 1 | 0 0', 'all counters follow');
select is(test.asked('alpha', 'a2'), 'sent', 'a text') || E'\n' || is(pg_temp.settle('a2', 20000), '204', 'at the price reserved') || E'\n' || is(pg_temp.lines('a2'), 'reserved 20000, settled 0', 'has its line, too');
select is(test.asked('alpha', 'a3'), 'sent', 'a text') || E'\n' || is(pg_temp.settle('a3', 31000), '204', 'dearer') || E'\n' || is(pg_temp.lines('a3'), 'reserved 20000, settled 11000', 'is settled, too') || E'\n' || is(pg_temp.spent(), '51000 51000 51000 3 | 51000 3 | 51000 51000', 'beyond what was reserved');
select is(pg_temp.settle('nothing', 1), 'not_found', 'an unknown text') || E'\n' || is(pg_temp.settle('a3', -5), '204', 'a negative price') || E'\n' || is(pg_temp.money('a3'), 'settled 31000/20000', 'is none');
select is(test.money_wrong('alpha'), null, 'counters and ledger agree');

-- released: what the provider certainly never had. Paid for: what it had.
create function pg_temp.outcome(p_id text, p_outcome text, p_error bigint default null) returns text language plpgsql as $$
begin
  perform test.asked('alpha', p_id), test.system('alpha'), api.send_claim(test.id(p_id || ' send'));
  perform api.send_outcome(test.id(p_id || ' send'), 1, p_outcome, null, p_error, null, null, 'messaging', null);
  return pg_temp.money(p_id);
end
$$;
select is(pg_temp.outcome('b' || o, o, 21606), 'released 0/20000', o || ' by the provider, or never posted') from unnest(array['refused', 'failed', 'expired']) o;
select is(pg_temp.lines('bfailed'), 'reserved 20000, released -20000', 'a line') || E'\n' || is(pg_temp.spent(), '51000 51000 51000 3 | 51000 3 | 51000 51000', 'as if they had never been');
select is(pg_temp.outcome('bambiguous', 'ambiguous'), 'reserved 20000/20000', 'nobody knows: the money stays reserved');
select test.asked('alpha', 'b' || s), test.ended('alpha', 'b' || s, s, 30008) from unnest(array['undelivered', 'failed']) s where s <> 'failed' \g /dev/null
select is(pg_temp.money('bundelivered'), 'reserved 20000/20000', 'undelivered is charged, too: the price is asked for');
select is(pg_temp.settle('bundelivered', 7900), '204', 'and settled') || E'\n' || is(pg_temp.money('bundelivered'), 'settled 7900/20000', 'settled');
-- a text that was released, and was charged nevertheless
select is(pg_temp.settle('brefused', 500), '204', 'the provider charges what it refused') || E'\n' || is(pg_temp.lines('brefused'), 'reserved 20000, released -20000, settled 500', 'it is told as it is');
select is(test.money_wrong('alpha'), null, 'counters and ledger agree');
-- a claim that comes too late gives the money back
select test.asked('alpha', 'b9') \g /dev/null
update app.sends set created_at = created_at - interval '351 seconds', due_at = now() where send_id = test.id('b9 send');
select is(pg_temp.due(), 'claim', 'too late to be posted');
select test.system('alpha') \g /dev/null
select is((api.send_claim(test.id('b9 send'))).code, 'gone', 'the claim says so') || E'\n' || is(pg_temp.money('b9'), 'released 0/20000', 'and gives the money back');
-- a retry that moves to the next sender, once
select test.asked('alpha', 'b10'), test.system('alpha') \g /dev/null
select is((r).body->>'sender', null, 'the first sender') from (select api.send_claim(test.id('b10 send')) r offset 0) x;
select is((api.send_outcome(test.id('b10 send'), 1, 'retry', null, 21606, null, 0, 'messaging', 'MG2')).status, 204, 'cannot: another one shall');
select is((r).body->>'sender', 'MG2', 'it is told') from (select api.send_claim(test.id('b10 send')) r offset 0) x;
select is(pg_temp.money('b10'), 'reserved 20000/20000', 'the money stays reserved meanwhile');

-- a window that has closed has no counter to put right
delete from app.ledger_entries; delete from app.sends; delete from app.spent; delete from app.spent_countries; delete from app.platform_spent;
select test.asked('alpha', 'c1'), test.asked('alpha', 'c2') \g /dev/null
update app.sends set created_at = created_at - interval '1 day' where send_id = test.id('c1 send');
select is(pg_temp.settle('c1', 10000), '204', 'a text of yesterday is settled') || E'\n' || is((select format('%s %s', hour_micros, day_micros) from app.spent), '40000 40000', 'today''s counters are not its');
delete from app.sends where send_id = test.id('c1 send'); delete from app.ledger_entries where send_id = test.id('c1 send');
update app.spent set hour_micros = 20000, day_micros = 20000, month_micros = 20000; update app.spent_countries set micros = 20000;
select is(test.money_wrong('alpha'), null, 'the check is content') ;
update app.spent set day_micros = 20001;
select is(test.money_wrong('alpha'), 'day: counted 20001, ledger 20000', 'and sees a millionth');
update app.spent set day_micros = 20000;

-- when the price is asked for: 1, 5, 15, 60 minutes after the end, then the text is settled as reserved
select test.ended('alpha', 'c2', 'delivered') \g /dev/null
select test.pass('59 seconds') \g /dev/null
select is(pg_temp.due(), null, 'not yet');
select test.pass('1 second') \g /dev/null
select is(pg_temp.due(), 'price', 'after a minute') || E'\n' || is(pg_temp.due(), null, 'once');
select test.pass('4 minutes') \g /dev/null
select is(pg_temp.due(), 'price', 'after five');
select test.pass('10 minutes') \g /dev/null
select is(pg_temp.due(), 'price', 'after fifteen');
select test.pass('45 minutes') \g /dev/null
select is(pg_temp.due(), 'price', 'after an hour');
select test.pass('5 minutes') \g /dev/null
select is(pg_temp.due(), null, 'then no more') || E'\n' || is(pg_temp.money('c2'), 'settled 20000/20000', 'settled as reserved') || E'\n' || is(pg_temp.lines('c2'), 'reserved 20000, settled 0', 'with a line');
-- one that nobody knows about has no message to ask for
select is(pg_temp.outcome('c3', 'ambiguous'), 'reserved 20000/20000', 'ambiguous');
update app.sends set due_at = now(), checks = 3 where send_id = test.id('c3 send');
select is(pg_temp.due(), null, 'unknown, at last');
select test.pass('1 minute'), pg_temp.due(), test.pass('4 minutes'), pg_temp.due(), test.pass('10 minutes'), pg_temp.due(), test.pass('45 minutes'), pg_temp.due() \g /dev/null
select is(pg_temp.money('c3'), 'settled 20000/20000', 'an hour later: settled as reserved');

-- what never arrived does not count against user and number
create function pg_temp.uses(p_id text) returns text language plpgsql as $$
begin
  return (select string_agg(scope || ' ' || cardinality(stamps), ', ' order by scope) from app.velocity
           where key in (encode(test.hash(p_id || ' number'), 'hex'), test.id('alpha') || ':' || test.id(p_id || ' person'), p_id));
end
$$;
select is(test.asked('alpha', 'd1', true), 'sent', 'a text') || E'\n' || is(pg_temp.uses('d1'), 'address 1, address_numbers 1, phone 1, phone_unverified 1, user 1, user_numbers 1', 'is one use of each');
select test.ended('alpha', 'd1', 'undelivered', 30008) \g /dev/null
select is(pg_temp.uses('d1'), 'address 1, address_numbers 1, phone 0, phone_unverified 0, user 0, user_numbers 1', 'undelivered: user and number have theirs back, the address has not');
select test.ended('alpha', 'd1', 'undelivered', 30008) \g /dev/null
select is(pg_temp.uses('d1'), 'address 1, address_numbers 1, phone 0, phone_unverified 0, user 0, user_numbers 1', 'once');
select is(test.asked('alpha', 'd2'), 'sent', 'another') ;
select test.ended('alpha', 'd2', 'delivered') \g /dev/null
select is(pg_temp.uses('d2'), 'address 1, address_numbers 1, phone 1, user 1, user_numbers 1', 'delivered: it counts');

-- the chain
delete from app.ledger_entries; delete from app.sends; delete from app.spent; delete from app.spent_countries; delete from app.platform_spent;
select test.asked('alpha', 'e1'), test.asked('alpha', 'e2'), pg_temp.settle('e1', 100), pg_temp.settle('e2', 200) \g /dev/null
select test.system() \g /dev/null
select is((api.jobs_tick()).body->'money'->>'chained', '4', 'four lines are chained') || E'\n' || is((api.jobs_tick()).body->'money'->>'chained', '0', 'once');
select is((select count(*) from app.ledger_entries), 0::bigint, 'none waits');
select is(test.money_wrong('alpha'), null, 'counters and ledger agree');
select is((select string_agg(kind || ' ' || micros, ', ' order by line) from app.ledger where send_id = test.id('e1 send')), 'reserved 20000, settled -19900', 'a text''s own lines keep their order');
select is((select prev_hash from app.ledger where line = 1), sha256(convert_to('tillgate ledger 1|' || app.typeid('tenant', test.id('alpha')), 'utf8')), 'the first line hangs on the store''s id');
select is_empty($$ select line from app.ledger l where hash <> sha256(prev_hash || convert_to(concat_ws('|', line, to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), app.typeid('send', send_id), kind, micros, country, purpose), 'utf8')) $$,
  'every hash can be computed from what the feed shows');
select is_empty($$ select a.line from app.ledger a join app.ledger b on b.line = a.line + 1 where b.prev_hash <> a.hash $$, 'each line hangs on the one before');
-- the feed
select test.platform_key(), test.platform('alpha') \g /dev/null
select is((r).body->'items'->0->>'line', '1', 'from the first line') || E'\n' || is(json_array_length((r).body->'items'), 3, 'three') || E'\n' || is((r).body->>'next_cursor', '3', 'and there are more') from (select api.ledger_list(3, null) r offset 0) x;
select is((r).body->'items'->0->>'line', '4', 'from the cursor') || E'\n' || is((r).body->>'next_cursor', null, 'to the end') || E'\n' || matches((r).body->'items'->0->>'hash', '^[0-9a-f]{64}$', 'hashes in hex') from (select api.ledger_list(3, 3) r offset 0) x;
-- tampering, each kind by a superuser; every time undone
create function pg_temp.verdict() returns text language plpgsql as $$
begin
  return (select format('%s %s %s', operator.ledger_verify(test.id('alpha'))->'ok', v->'items'->0->>'line', v->'items'->0->>'why') from (select operator.ledger_verify(null) v offset 0) x);
end
$$;
select is(pg_temp.verdict(), 'true  ', 'the ledger is whole') || E'\n' || is(operator.ledger_verify(test.id('alpha'))->'items'->0->>'lines', '4', 'four lines') || E'\n' || is(operator.ledger_verify(test.id('nobody'))->>'ok', 'true', 'a store without one');
create function pg_temp.after(p_tampering text) returns text language plpgsql as $$
declare
  verdict text;
begin
  begin
    execute p_tampering;
    verdict := pg_temp.verdict();
    raise exception sqlstate 'UNDO1';
  exception when sqlstate 'UNDO1' then
    null;
  end;
  return verdict;
end
$$;
select is(pg_temp.after(how), verdict, how) from (values
  ('update app.ledger set micros = micros - 1 where line = 2', 'false 2 altered'),
  ('update app.ledger set country = ''DE'' where line = 4', 'false 4 altered'),
  ('update app.ledger set at = at + interval ''1 ms'' where line = 1', 'false 1 altered'),
  ('update app.ledger set send_id = gen_random_uuid() where line = 3', 'false 3 altered'),
  ('update app.ledger set hash = sha256(hash) where line = 2', 'false 2 altered'),
  ('update app.ledger set micros = 1, hash = sha256(prev_hash || convert_to(app.ledger_text(line, at, send_id, kind, 1, country, purpose), ''utf8'')) where line = 2', 'false 3 reordered'),
  ('update app.ledger set micros = 1, hash = sha256(prev_hash || convert_to(app.ledger_text(line, at, send_id, kind, 1, country, purpose), ''utf8'')) where line = 4', 'false 4 altered'),
  ('delete from app.ledger where line = 2', 'false 2 gap'),
  ('delete from app.ledger where line = 1', 'false 1 gap'),
  ('update app.ledger set line = 30 where line = 2; update app.ledger set line = 2 where line = 3; update app.ledger set line = 3 where line = 30', 'false 2 reordered'),
  ('delete from app.ledger where line = 4', 'false 4 truncated'),
  ('delete from app.ledger where line > 2', 'false 3 truncated'),
  ('delete from app.ledger', 'false 1 truncated')) v (how, verdict);
select is(pg_temp.verdict(), 'true  ', 'and nothing was left of it');
select * from finish();
rollback;
