// Goal: who copies the lines of the README has launched a user. They are run as they are printed there, but for the ports and the folder.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { story } from '../harness/suite.mjs';
import { runToEnd } from '../harness/process.mjs';
import { ROOT } from '../harness/paths.mjs';

const { stack, db } = await story({ edge: true });
fs.writeFileSync(`${stack.run}/keys/platform.key`, `${stack.platformKey}\n`, { mode: 0o600 });

const [, lines] = fs.readFileSync(`${ROOT}/README.md`, 'utf8').match(/^## From nothing to a launched user.*?^```sh\n(.*?)^```/ms);
const script = lines.replaceAll(':8080', `:${stack.ports.http}`).replaceAll(':8443', `:${stack.ports.https}`).replaceAll('.run/', `${stack.run}/`);
const run = () => runToEnd(['bash', '-euo', 'pipefail', '-c', script]);

test('five calls: a store, its key, a launch, the session', async () => {
  assert.equal(lines.match(/\bcurl /g).length, 5);
  const session = JSON.parse((await run()).out);
  assert.deepEqual([session.state, session.store.slug, session.user.name, session.user.role], ['set_up', 'corner-shop', 'Ann', 'owner']);
});

test('once more: the same store, the same key, the same person, a new launch', async () => {
  assert.equal(JSON.parse((await run()).out).state, 'set_up');
  assert.deepEqual(await db.row(`select (select count(*) from app.tenants where slug = 'corner-shop')::int as stores,
    (select count(*) from app.tenant_keys join app.tenants using (tenant_id) where slug = 'corner-shop')::int as keys,
    (select count(*) from app.users join app.tenants using (tenant_id) where slug = 'corner-shop')::int as people`), { stores: 1, keys: 1, people: 1 });
});
