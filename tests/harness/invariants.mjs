// What must be true of every run, whatever was done to it: security.md (c), joined over the database, Twilio's ledger and what the clients
// were told. Answers what is wrong, one sentence each.
//
// I1 no code accepted twice · I2 at most five guesses evaluated for a challenge · I3 every message has exactly one send, and no send has two
// messages · I4 every 202 has its rows · I5 nothing undecided is forgotten · I6 the ledger's chain holds · I7 what is spent is what the ledger
// says (both in money.mjs) · I8 the tenant of a row is that of its parents.
import fs from 'node:fs';
import { checkMoney } from './money.mjs';

export async function checkInvariants(stack) {
  const told = clientLog(stack);
  const checks = await Promise.all([
    acceptedOnce(stack, told), guesses(stack, told), messages(stack), promised(stack, told), undecided(stack), parents(stack), checkMoney(stack),
  ]);
  return checks.flat();
}

// Keeps what a client was told; several processes add to it.
export function remember(stack, request, answer) {
  const line = interesting(request, answer);
  if (line) fs.appendFileSync(`${stack.run}/clients.jsonl`, `${JSON.stringify(line)}\n`);
}

function interesting(request, answer) {
  const path = request.path.split('?')[0];
  if (answer.status === 202) return { told: 'challenge', id: answer.json.id };
  if (!/\/(verify|change|check)$/.test(path) || request.body === undefined) return undefined;
  let asked;
  try {
    asked = JSON.parse(request.body);
  } catch {
    return undefined;
  }
  if (answer.status === 200) return { told: 'accepted', path, challenge: asked.challenge, code: asked.code };
  if (answer.json?.code === 'code_wrong') return { told: 'wrong', path, challenge: asked.challenge };
  return undefined;
}

function clientLog(stack) {
  const file = `${stack.run}/clients.jsonl`;
  if (!fs.existsSync(file)) return [];
  return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function countBy(items, key) {
  const counts = new Map();
  for (const item of items) if (key(item) !== undefined) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

// A texted code belongs to a challenge; an authenticator's or backup code may come without naming one.
async function acceptedOnce(stack, told) {
  const accepted = countBy(told.filter((one) => one.told === 'accepted' && one.challenge), (one) => `${one.challenge} ${one.code}`);
  return [...accepted].filter(([, count]) => count > 1).map(([key, count]) => `I1: ${key.split(' ')[0]} was accepted ${count} times`);
}

async function guesses(stack, told) {
  const wrong = countBy(told.filter((one) => one.told === 'wrong' && one.challenge), (one) => one.challenge);
  const many = [...wrong].filter(([, count]) => count > 5).map(([id, count]) => `I2: ${count} guesses were evaluated for ${id}`);
  const over = await stack.db.rows(`select challenge_id from app.challenges where tries > 5`);
  return [...many, ...over.map((row) => `I2: challenge ${row.challenge_id} has more than 5 tries`)];
}

async function messages(stack) {
  const ledger = stack.sandbox.ledger().filter((one) => one.callback); // Verify calls nobody back
  const sends = new Set((await stack.db.rows(`select app.typeid('send', send_id) as id from app.sends`)).map((row) => row.id));
  const bySend = countBy(ledger, (one) => new URL(one.callback).pathname.split('/')[4]);
  return [...bySend].flatMap(([id, count]) => [
    ...(sends.has(id) ? [] : [`I3: a message was sent for ${id}, which has no row`]),
    ...(count > 1 ? [`I3: ${id} was sent ${count} times`] : []),
  ]);
}

async function promised(stack, told) {
  const rows = await stack.db.rows(
    `select app.typeid('challenge', c.challenge_id) as id from app.challenges c
      where exists (select from app.sends s where (s.tenant_id, s.user_id, s.challenge_id) = (c.tenant_id, c.user_id, c.challenge_id))`);
  const known = new Set(rows.map((row) => row.id));
  const missing = told.filter((one) => one.told === 'challenge' && !known.has(one.id));
  return missing.map((one) => `I4: a client was told 202 for ${one.id}, which has no row with a send`);
}

async function undecided(stack) {
  const rows = await stack.db.rows(
    `select app.typeid('send', send_id) as id, state from app.sends
      where state in ('queued', 'in_flight', 'ambiguous', 'accepted', 'sent') and (due_at is null or due_at < now() - interval '60 seconds')`);
  return rows.map((row) => `I5: ${row.id} is ${row.state} and nobody will look at it`);
}

// Foreign keys hold most of it; these links are by id alone.
async function parents(stack) {
  const rows = await stack.db.rows(
    `select 'challenge' as what, c.challenge_id as id from app.challenges c join app.phones p using (phone_id) where (p.tenant_id, p.user_id) <> (c.tenant_id, c.user_id)
     union all
     select 'send', s.send_id from app.sends s join app.challenges c using (challenge_id) where (c.tenant_id, c.user_id) <> (s.tenant_id, s.user_id)
     union all
     select 'event', e.request_id from app.events e join app.users u using (user_id) where u.tenant_id <> e.tenant_id
     union all
     select 'tenant', t.tenant_id from app.tenants t join app.users u on u.user_id = t.owner_user_id where u.tenant_id <> t.tenant_id`);
  return rows.map((row) => `I8: ${row.what} ${row.id} belongs to another tenant than its parent`);
}
