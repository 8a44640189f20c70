// A store that does not call out: Settings > Advanced posts a token that the store has signed.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { DemoStore } from './support/store.mjs';

const world = await openWorld();

for (const [slug, locale, name] of [['acme-toys', 'en', 'Ben Brooks'], ['blumen-berg', 'de', 'Bernd Blum']]) {
  scene(world, `${slug}: one click, by signed token, to the first step; by ticket it is the same person`, async (visitor) => {
    const store = new DemoStore(visitor, slug, locale);
    await store.enter(name);
    await store.openPanel('token');
    const who = () => visitor.page.evaluate(async () => (await (await fetch('/api/session')).json()).user);
    const byToken = await who();
    assert.equal(byToken.name, name);
    assert.equal(visitor.page.url(), `${store.panel}/`, 'nothing of the token is in the address');
    await store.openPanel('open');
    assert.equal((await who()).id, byToken.id);
  });
}
