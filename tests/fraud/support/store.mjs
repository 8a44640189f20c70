// A store of the platform that is old and known: no ramp, money enough, and a history that no breaker doubts.
import { personOf } from '../../harness/clock.mjs';

export async function openStore(stack, platform) {
  const store = await platform.store();
  const { db } = stack;
  const { tenant } = await personOf(db, await store.launch());
  await db.rows(`insert into app.tenant_limits (tenant_id, day_micros, month_micros, ramp_lifted_reason) values ($1, 1000000000000, 1000000000000, 'a test')
                 on conflict (tenant_id) do update set day_micros = excluded.day_micros, month_micros = excluded.month_micros, ramp_lifted_reason = excluded.ramp_lifted_reason`, tenant);
  await db.rows(`update app.platform_limits set hour_micros = 1000000000000, day_micros = 1000000000000`);
  await db.rows(`insert into app.breakers (key, sent, verified, usual) values ('country US', 100000, 100000, 0), ('tenant_country ' || $1::text || ' US', 100000, 100000, 1000000)
                 on conflict (key) do update set sent = excluded.sent, verified = excluded.verified, usual = excluded.usual`, tenant);
  return store;
}
