-- Goal: the audit trail is chained, what is personal stays apart, every kind of tampering is named, age removes only from the front.
begin;
select no_plan();
-- what files before this one left for good
delete from app.event_entries; delete from app.event_lines; delete from app.event_people; delete from app.event_heads; delete from app.ledger_heads;
select test.store('alpha'), test.person('alpha', 'ann'), test.session('alpha', 'ann', 'ann token') \g /dev/null

create function pg_temp.chain() returns integer language sql as $$ select test.system(); select jobs.events_chain(1000) $$;
-- what verify says of alpha: good, or line and why; after p_sql, which is undone
create function pg_temp.verdict(p_sql text default null, p_anchors text default null) returns text language plpgsql as $$
declare said text;
begin
  begin
    if p_sql is not null then execute p_sql; end if;
    select coalesce((v->>'line') || ' ' || (v->>'why'), 'good') into said
      from json_array_elements(operator.audit_verify(test.id('alpha'), p_anchors)->'items') v;
    raise exception using errcode = 'TT000';
  exception when sqlstate 'TT000' then null;
  end;
  return coalesce(said, 'nothing');
end
$$;

-- ids
select is(app.event_id('2026-11-22 10:00:00.123456+00', test.id('r'), 'x', null), app.event_id('2026-11-22 10:00:00.123456+00', test.id('r'), 'x', null), 'the same event, the same id');
select isnt(app.event_id(now(), test.id('r'), 'x', null), app.event_id(now(), test.id('r'), 'y', null), 'another kind, another id');
select isnt(app.event_id(now(), test.id('r'), 'x', test.id('ann')), app.event_id(now(), test.id('r'), 'x', null), 'another user, another id');
select ok(app.event_id('2026-11-22 10:00:00.123456+00', test.id('r'), 'x', null) < app.event_id('2026-11-22 10:00:00.123457+00', test.id('a'), 'a', null), 'ids sort by time, to the microsecond');
select matches(app.event_id(now(), test.id(r), 'x', null)::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'a UUIDv7') from unnest(array['a', 'b', 'c', 'd', 'e']) r;
select is((('x' || left(replace(app.event_id('2026-11-22 10:00:00.123456+00', null, 'x', null)::text, '-', ''), 12))::bit(48)::bigint), 1795341600123, 'of that millisecond');

-- writing
select is(test.enter('alpha', 'ann', 'ann token', 'signed_in'), null, 'ann enters');
select app.event('one', p_detail => '{"to":"+1 ••• ••34","country":"US"}'), app.event('one'), app.event('two'), app.event('three', test.id('bob'), '{"reason":"he asked"}') \g /dev/null
select is((select string_agg(concat_ws(' ', kind, case user_id when test.id('ann') then 'ann' else 'bob' end, case actor_id when test.id('ann') then 'by ann' end, line), ', ' order by kind) from app.events),
          'one ann, three bob by ann, two ann', 'one of a kind per request; who did it to somebody else is kept');
select is(pg_temp.verdict(), 'nothing', 'what is not chained yet is not verified');
select is(pg_temp.chain(), 3, 'three are chained') union all select is(pg_temp.chain(), 0, 'once');
select is((select string_agg(line::text, ' ' order by line) from app.event_lines), '1 2 3', 'lines count from one');
select is((select detail::text from app.event_lines where kind = 'one'), '{"country": "US"}', 'what is personal is not in the line');
select is((select person::text from app.event_people join app.event_lines using (tenant_id, event_id) where kind = 'one'), '{"to": "+1 ••• ••34", "address": "192.0.2.1"}', 'but apart');
select is((select detail::text || address from app.events where kind = 'one'), '{"to": "+1 ••• ••34", "country": "US"}192.0.2.1', 'and read together');
select is((select count(distinct salt) from app.event_people where length(salt) = 16), 3::bigint, 'each has a salt of its own');
select is((select prev_hash from app.event_lines where line = 1), sha256(convert_to('tillgate events 1|' || app.typeid('tenant', test.id('alpha')), 'utf8')), 'the first follows the root');
select app.unpin(), test.system(), jobs.event(test.id('alpha'), 'by_job', '{"n":1}'), jobs.event(test.id('alpha'), 'by_job', '{"n":2}'), pg_temp.chain() \g /dev/null
select is((select count(*) from app.event_lines where kind = 'by_job' and person_hash is null and caller = 'system'), 2::bigint, 'jobs tell different things of a kind in one round');

-- every kind of tampering is named, and undone here
select is(pg_temp.verdict(), 'good', 'good');
select is(pg_temp.verdict('delete from app.event_lines where line = 2'), '2 gap', 'a line deleted');
select is(pg_temp.verdict('delete from app.event_lines where line = 1'), '1 gap', 'the first line deleted');
select is(pg_temp.verdict('delete from app.event_lines where line >= 4'), '4 truncated', 'cut off');
select is(pg_temp.verdict('delete from app.event_lines'), '1 truncated', 'all of it deleted');
select is(pg_temp.verdict('delete from app.event_lines; delete from app.event_heads'), 'nothing', 'all of it and its head');
select is(pg_temp.verdict($$ update app.event_lines set kind = 'x' where line = 3 $$), '3 altered', 'another kind');
select is(pg_temp.verdict($$ update app.event_lines set detail = '{"country": "DE"}' where kind = 'one' $$), (select line || ' altered' from app.event_lines where kind = 'one'), 'another detail');
select is(pg_temp.verdict($$ update app.event_lines set user_id = null where line = 2 $$), '2 altered', 'another user');
select is(pg_temp.verdict($$ update app.event_lines set at = at + interval '1 second' where line = 2 $$), '2 altered', 'another time');
select is(pg_temp.verdict($$ update app.event_lines set line = -line where line in (2, 3); update app.event_lines set line = 5 + line where line in (-2, -3) $$), '2 reordered', 'two swapped');
select is(pg_temp.verdict($$ update app.event_lines l set kind = 'x', hash = sha256(prev_hash || convert_to(app.event_text(line, at, event_id, 'x', user_id, actor_id, caller, request_id, person_hash, detail), 'utf8')) where line = 2 $$),
          '3 reordered', 'altered with its hash: the next one does not follow');
select is(pg_temp.verdict($$ update app.event_people set person = '{"address": "203.0.113.9"}' $$), (select min(line) || ' altered' from app.event_lines where person_hash is not null), 'another address');
select is(pg_temp.verdict('delete from app.event_people'), (select min(line) || ' stripped' from app.event_lines where person_hash is not null), 'the personal part gone without an erasure');
select is(pg_temp.verdict('update app.event_heads set line = 99'), '6 truncated', 'the head knows more') union all select is(pg_temp.verdict('delete from app.event_heads'), '5 altered', 'the head gone');
select is(pg_temp.verdict($$ update app.event_heads set floor_line = 2, floor_hash = (select hash from app.event_lines where line = 2); delete from app.event_lines where line < 3 $$), '3 gap', 'removed as if for its age');

-- what the log knows
create temp table logged as select json_agg(json_build_object('tenant', app.typeid('tenant', tenant_id), 'line', line, 'hash', encode(hash, 'hex'), 'at', now()))::text as anchors from app.event_lines where line in (3, 5);
select is(pg_temp.verdict(null, (select anchors from logged)), 'good', 'good against the log');
select is(pg_temp.verdict($$ delete from app.event_lines where line > 3; update app.event_heads set line = 3, hash = (select hash from app.event_lines where line = 3) $$), 'good', 'cut off together with the head');
select is(pg_temp.verdict($$ delete from app.event_lines where line > 3; update app.event_heads set line = 3, hash = (select hash from app.event_lines where line = 3) $$, (select anchors from logged)), '4 truncated', 'is known by the log');
select is(pg_temp.verdict($$ delete from app.event_lines; delete from app.event_heads $$, (select anchors from logged)), '1 truncated', 'and so is a store without any');
select is(pg_temp.verdict(null, (select replace(anchors, left(hash, 6), '000000') from logged, (select encode(hash, 'hex') as hash from app.event_lines where line = 3) x)), '3 replaced', 'and another line in its place');
select is((select json_array_length(jobs.anchors(100))), 1, 'heads are written out') union all select is(json_array_length(jobs.anchors(100)), 0, 'once');
select test.system(), jobs.event(test.id('alpha'), 'more', null), pg_temp.chain() \g /dev/null
select is(json_array_length(jobs.anchors(100)), 0, 'a head that moved waits for its minute');
update app.anchors set at = at - interval '1 minute';
select is(jobs.anchors(100)->0->>'line', '6', 'then it is written out');

-- age: from the front, only old ones, and the rest is good
select is(jobs.events_expire(100), 0, 'nothing is old');
select is(pg_temp.verdict('select test.system(), jobs.events_expire(100)'), 'good', 'so nothing goes');
-- a chain whose first three lines are old, as they would have been hashed then
create temp table old as select * from app.event_lines;
delete from app.event_lines; delete from app.event_people; delete from app.event_heads;
insert into app.event_entries (tenant_id, event_id, at, request_id, kind, user_id, actor_id, caller, detail)
select tenant_id, event_id, at - case when row_number() over (order by event_id) <= 3 then interval '401 days' else interval '1 day' end, request_id, kind, user_id, actor_id, caller, detail from old;
select pg_temp.chain() \g /dev/null
create temp table before as select json_agg(json_build_object('tenant', app.typeid('tenant', tenant_id), 'line', line, 'hash', encode(hash, 'hex'), 'at', at))::text as anchors from app.event_lines;
select is((select array_agg(at < now() - interval '400 days' order by line) from app.event_lines), '{t,t,t,f,f,f}', 'three old, three young') union all select is(jobs.events_expire(2), 2, 'two go in the first round');
select is(pg_temp.verdict(), 'good', 'good, while its event is not chained yet') union all select is(pg_temp.chain(), 1, 'which it is then') union all select is(pg_temp.verdict(), 'good', 'good');
select is(jobs.events_expire(100), 1, 'the third goes') union all select is(pg_temp.chain(), 1, 'with an event');
select is((select min(line) || ' ' || max(line) from app.event_lines), '4 8', 'the young ones stay');
select is(pg_temp.verdict(), 'good', 'and still follow') union all select is(pg_temp.verdict(null, (select anchors from before)), 'good', 'the log knows that they were old');
select is(pg_temp.verdict(null, (select replace(anchors, '"at" : "' || to_char(now() - interval '401 days', 'YYYY'), '"at" : "' || to_char(now(), 'YYYY')) from before)) ~ 'expired early', true, 'or that they were not');
select is(pg_temp.verdict('delete from app.event_lines where line = 4'), '4 gap', 'a young one deleted behind them');
select is(pg_temp.verdict($$ update app.event_heads set floor_hash = '\x00' $$), '4 reordered', 'another floor');

-- the job itself may not remove what is young, unless the store is being deleted
grant usage on schema test to tillgate_jobs; grant execute on all functions in schema test to tillgate_jobs;
set local role tillgate_jobs;
select is_empty('delete from app.event_lines returning 1', 'young lines stay, whoever asks');
select throws_ok($$ update app.event_lines set kind = 'x' $$, '42501', null, 'and cannot be changed');
reset role;
update app.tenants set status = 'deleting', restores_as = 'active', deleted_at = now(), purge_at = now() + interval '30 days' where tenant_id = test.id('alpha');
select is(jobs.events_purge(test.id('alpha'), 3), 3, 'a purge goes step by step') union all select is(jobs.events_purge(test.id('alpha'), 100), 2, 'to the end') union all select is(jobs.events_purge(test.id('alpha'), 100), 0, 'and knows it');
select is((select count(*) from app.event_heads), 0::bigint, 'nothing is left');
select * from finish();
rollback;
