-- Goal: identifiers are TypeIDs as published (tests/unit has the whole vectors; here every one that a UUID can make).
begin;
select plan(14);
select is(app.typeid('prefix', u::uuid), 'prefix_' || t, t) from (values
  ('00000000-0000-0000-0000-000000000000', '00000000000000000000000000'),
  ('00000000-0000-0000-0000-000000000001', '00000000000000000000000001'),
  ('00000000-0000-0000-0000-00000000000a', '0000000000000000000000000a'),
  ('00000000-0000-0000-0000-000000000010', '0000000000000000000000000g'),
  ('00000000-0000-0000-0000-000000000020', '00000000000000000000000010'),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '7zzzzzzzzzzzzzzzzzzzzzzzzz'),
  ('0110c853-1d09-52d8-d73e-1194e95b5f19', '0123456789abcdefghjkmnpqrs'),
  ('01890a5d-ac96-774b-bcce-b302099a8057', '01h455vb4pex5vsknk084sn02q'),
  ('80000000-0000-0000-0000-000000000000', '40000000000000000000000000')) as v (u, t);
-- every bit lands where it should: one bit at a time, the characters spell that power of two
select is(
  (select count(*) from generate_series(0, 127) bit,
     lateral (select (repeat('0', 31 - bit / 4) || to_hex(1 << bit % 4) || repeat('0', bit / 4))::uuid as id) u
    where app.typeid('x', u.id) =
          'x_' || repeat('0', 25 - bit / 5) || substr('0123456789abcdefghjkmnpqrstvwxyz', (1 << bit % 5) + 1, 1) || repeat('0', bit / 5)),
  128::bigint, 'each of the 128 bits');
select is(app.typeid('x', null), null, 'null stays null');
select is(app.time('2026-11-22 10:05:00.1234+01'::timestamptz), '2026-11-22T09:05:00.123Z', 'times are UTC with milliseconds');
select is(app.time(null), null, 'no time stays null');
select is((select provolatile from pg_proc where oid = 'app.typeid(text,uuid)'::regprocedure), 'i', 'immutable');
select * from finish();
rollback;
