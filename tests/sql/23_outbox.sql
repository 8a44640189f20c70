-- Goal: what is to be told is written with what it tells of, once, without anything personal; a lane and a notice are one worker's at a time.
begin;
select no_plan();
select test.store('alpha'), test.store('beta'), test.person('alpha', 'ann'), test.person('alpha', 'olga'), test.person('alpha', 'oleg'), test.person('beta', 'bob') \g /dev/null
update app.users set role = 'owner' where name in ('olga', 'oleg', 'bob');
update app.users set email = null where name = 'oleg';
create function pg_temp.hook(p_name text, variadic p_kinds text[]) returns void language sql as $$
  insert into app.webhooks (webhook_id, url, kinds, secret_sealed) values (test.id(p_name), 'https://platform.example/' || p_name, p_kinds, '\x00') $$;
create function pg_temp.tell(p_store text, p_request text, p_kind text, p_user text, p_detail json default null) returns void language plpgsql as $$
begin
  perform api.enter_system(test.id(p_store), test.id(p_request));
  perform app.event(p_kind, test.id(p_user), p_detail);
end
$$;
create function pg_temp.due(p_webhooks bigint default 9) returns setof text language plpgsql as $$
begin
  perform test.system();
  return query select e->>'store_id' || ' ' || (e->>'fence') from json_array_elements((api.outbox_due(p_webhooks, null)).body) e;
end
$$;

-- nobody listens
select pg_temp.tell('alpha', 'r1', 'user_reset', 'ann') \g /dev/null
select is((select count(*) from app.deliveries), 0::bigint, 'without an endpoint nothing is written') || E'\n' || is((select count(*) from app.mails), 0::bigint, 'nor without a mail server');

-- the platform listens
select pg_temp.hook('all', '*'), pg_temp.hook('some', 'user.locked', 'budget.alert') \g /dev/null
select pg_temp.tell('alpha', 'r2', 'user_reset', 'ann', '{"reason": "secret words", "by": "Kim", "role": "viewer"}'), pg_temp.tell('alpha', 'r3', 'signed_in', 'ann'),
       pg_temp.tell('beta', 'r4', 'user_locked', 'bob', '{"until": "2026-11-22T10:00:00.000Z"}'), pg_temp.tell('beta', 'r4', 'user_locked', 'bob', '{"until": "2026-11-22T10:00:00.000Z"}') \g /dev/null
select is((select string_agg(d.type || ' to ' || w.url, ', ' order by w.url, d.at, d.type) from app.deliveries d join app.webhooks w using (webhook_id)),
          'user.locked to https://platform.example/all, user.reset to https://platform.example/all, user.locked to https://platform.example/some',
          'each endpoint gets its kinds, each event once, others not at all');
select is((select (payload::jsonb->'data')::text from app.deliveries where type = 'user.reset'),
          jsonb_build_object('role', 'viewer', 'tenant', app.typeid('tenant', test.id('alpha')), 'user', app.typeid('user', test.id('ann')))::text, 'ids, and nothing personal');

-- lanes
create temp table lent as select * from pg_temp.due();
select is((select count(*) from lent), 3::bigint, 'a lane for each endpoint and store');
select is_empty('select * from pg_temp.due()', 'lent once');
select pg_temp.tell('alpha', 'r5', 'user_unlocked', 'ann') \g /dev/null
select is_empty('select * from pg_temp.due()', 'a later message waits for the lane');
select test.system() \g /dev/null
select is((api.delivery_claim(test.id('all'), test.id('alpha'), 7)).code, 'gone', 'a fence that was never given');
select is((api.delivery_claim(test.id('all'), test.id('alpha'), 1)).body->>'url', 'https://platform.example/all', 'the holder gets its message');
update app.webhook_lanes set due_at = now() where webhook_id = test.id('all') and store_id = test.id('alpha');
select is((select array_agg(d) from pg_temp.due() d), array[test.id('alpha') || ' 2'], 'a lease that ran out: lent again, with a new fence');
select is((api.delivery_outcome(test.id('all'), test.id('alpha'), (select event_id from app.deliveries where type = 'user.reset'), 1, 204, null, null, 1000)).code, 'gone', 'the old holder records nothing');
select is((select state from app.deliveries where type = 'user.reset'), 'queued', 'so it is posted again');
select is((api.delivery_outcome(test.id('all'), test.id('alpha'), (select event_id from app.deliveries where type = 'user.reset'), 2, 204, null, null, 1000)).body->>'fence', '3', 'the new holder does, and keeps the lane for the next');
select is((api.delivery_claim(test.id('all'), test.id('alpha'), 3)).body->>'payload' ~ 'user.unlocked', true, 'which it gets');
select is((api.delivery_outcome(test.id('all'), test.id('alpha'), (select event_id from app.deliveries where type = 'user.unlocked'), 3, 500, null, null, 1000)).body::text,
          '{"fence" : null, "disabled" : null}', 'a failure ends the row');
select is((select row(held, due_at - now())::text from app.webhook_lanes where webhook_id = test.id('all') and store_id = test.id('alpha')), '(f,00:00:05)', 'tried again in 5 s');
select is((select failing_since from app.webhooks where webhook_id = test.id('all')), now(), 'the endpoint fails since now');
update app.webhooks set failing_since = now() - interval '5 days' where webhook_id = test.id('all');
update app.webhook_lanes set due_at = now() where webhook_id = test.id('all') and store_id = test.id('alpha');
select is((select array_agg(d) from pg_temp.due() d), array[test.id('alpha') || ' 4'], 'due again');
select is((api.delivery_outcome(test.id('all'), test.id('alpha'), (select event_id from app.deliveries where type = 'user.unlocked'), 4, null, 'timeout', null, 1000)).body->>'disabled', 'failed', 'five days are enough');
update app.webhook_lanes set due_at = now(), held = false;
select is((select array_agg(d) from pg_temp.due() d), array[test.id('beta') || ' 2'], 'nothing of a disabled endpoint is lent');
-- an endpoint has eight lanes under way, over all workers
insert into app.webhook_lanes (webhook_id, store_id, due_at) select test.id('some'), gen_random_uuid(), now() from generate_series(1, 20);
select is((select count(*) from pg_temp.due(100)), 7::bigint, 'eight lanes of an endpoint at a time');

-- mail
insert into app.mail_servers (seen_at) values (now());
select pg_temp.tell('alpha', 'r6', 'user_reset', 'ann'), pg_temp.tell('alpha', 'r7', 'budget_80', null, '{"span": "day"}'), pg_temp.tell('alpha', 'r8', 'user_locked', 'ann'),
       pg_temp.tell('alpha', 'r9', 'user_locked', 'oleg'), pg_temp.tell('alpha', 'r10', 'signed_in', 'ann') \g /dev/null
select is((select string_agg(u.name || ' ' || m.notice, ', ' order by m.notice) from app.mails m join app.users u using (tenant_id, user_id)),
          'olga budget_day, ann locked_by_hand, ann reset', 'who is told what: owners of their own store, users of themselves, nobody without an address');
select test.system(), api.outbox_due(0, 1) \g /dev/null
select is((select count(*) from app.mails where fence = 1), 1::bigint, 'no more than were asked for');
select test.system('alpha') \g /dev/null
create temp table one as select mail_id from app.mails where fence = 1;
select is((api.mail_claim((select mail_id from one), 0)).code, 'gone', 'an older fence');
select is((api.mail_claim((select mail_id from one), 1)).body->>'store', 'Store alpha', 'the holder gets it');
select is((api.mail_outcome((select mail_id from one), 0, 'sent', null)).code, 'gone', 'an older fence records nothing');
select is((api.mail_outcome((select mail_id from one), 1, 'retry', '451')).status, 204, 'the holder does');
select is((select row(state, due_at - now(), reason)::text from app.mails where mail_id = (select mail_id from one)), '(queued,00:01:00,451)', 'tried again in a minute');
update app.users set removed_at = now();
update app.mails set due_at = now() where state = 'queued';
select test.system(), api.outbox_due(0, 9), test.system('alpha') \g /dev/null
select is((api.mail_claim((select mail_id from one), 2)).code, 'gone', 'nobody who is removed');
select is((select row(state, reason)::text from app.mails where mail_id = (select mail_id from one)), '(failed,"nobody to mail")', 'it ends there');
select is((api.mail_claim((select mail_id from one), 2)).code, 'gone', 'and stays so');

select * from finish();
rollback;
