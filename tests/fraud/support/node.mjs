// One node of the race: its connections ask for the texts of its share of the people, as fast as they can, and do with them what a provider would.
// node node.mjs HOST PORT DATABASE STORES PEOPLE SHARE OF CONNECTIONS → counts of the outcomes as JSON
import { createHash } from 'node:crypto';
import pg from 'pg';
import { generator } from './world.mjs';

const [host, port, database, stores, people, share, nodes, connections] = process.argv.slice(2).map((word, i) => (i === 0 || i === 2 ? word : Number(word)));
const pool = new pg.Pool({ host, port, database, user: 'tillgate_server', max: connections });
const random = generator(77 + share);
const outcomes = {};

// One statement is one transaction: the second call's argument hangs on the first one's answer.
const ask = (call) => `
  select coalesce(e.code, r.code) as code, r.body->>'reason' as reason, p.tenant_id as tenant
    from race.people p,
         lateral api.enter_session(p.tenant_id, p.user_id, p.token, p.slug, 'launched', gen_random_uuid(), null) e,
         lateral api.${call}(md5('challenge ' || p.n)::uuid, md5('send ' || p.n)::uuid, sha256(p.n::text::bytea), '\\x01', 1, case when e.code is null then 1 end) r
   where p.n = $1`;
const system = (call, args) => `
  select coalesce(e.code, r.code) as code, r.body from api.enter_system($1, gen_random_uuid()) e, lateral api.${call}(case when e.code is null then $2::uuid end${args}) r`;
const CLAIM = system('send_claim', '');
const OUTCOME = system('send_outcome', `, $3, $4, $5, null, null, null, 'messaging', null`);
const SETTLE = system('send_settle', ', $3, 1');

// What the server does: a lock not got in time or a window that turned is another try, a little later.
async function query(text, values) {
  for (let attempt = 0; ; attempt++) {
    try {
      return (await pool.query({ name: createHash('sha1').update(text).digest('hex'), text, values })).rows[0];
    } catch (error) {
      if (!['55P03', '40001', '57014'].includes(error.code) || attempt > 50) throw error;
      count(`again ${error.code}`);
      await new Promise((resolve) => setTimeout(resolve, random.below(50)));
    }
  }
}
const count = (word) => (outcomes[word] = (outcomes[word] ?? 0) + 1);

async function one(n) {
  const set_up = Math.floor(n / stores) % 4 === 3;
  const answer = await query(ask(set_up ? 'phone_send_code' : 'second_step_send_code'), [n]);
  count(answer.code === null ? 'sent' : [answer.code, answer.reason].filter(Boolean).join(' '));
  if (answer.code === null && n % stores % 2 === 1) await provide(n, answer.tenant);
}

// Of ten texts one is refused for certain and one stays under way; the others are settled at or below the price reserved, some are refunded later.
async function provide(n, tenant) {
  const send = (await pool.query(`select md5('send ' || $1)::uuid as id`, [n])).rows[0].id;
  const fate = random.below(10);
  if (fate === 0) return;
  const claim = await query(CLAIM, [tenant, send]);
  if (claim.code) return;
  await query(OUTCOME, [tenant, send, claim.body.fence, fate === 1 ? 'refused' : 'accepted', fate === 1 ? null : `SM${n}`]);
  if (fate === 1) return;
  const price = 7001 - random.below(3000);
  await query(SETTLE, [tenant, send, price]);
  if (fate === 2) await query(SETTLE, [tenant, send, random.below(price)]);
}

const mine = Array.from({ length: people }, (_, n) => n).filter((n) => n % nodes === share);
for (let i = mine.length - 1; i > 0; i--) {
  const j = random.below(i + 1);
  [mine[i], mine[j]] = [mine[j], mine[i]];
}
await Promise.all(Array.from({ length: connections }, async () => {
  for (let n = mine.pop(); n !== undefined; n = mine.pop()) await one(n);
}));
await pool.end();
console.log(JSON.stringify(outcomes));
