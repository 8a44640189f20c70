// What a file of this folder begins with: the stack behind its edge, the demo stores, one Chromium, other people's web sites.
import fs from 'node:fs';
import os from 'node:os';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { suite } from '../../harness/suite.mjs';
import { openOutside } from './outside.mjs';
import { Visitor } from './visitor.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

// Where pictures of the screens go.
export const PICTURES = process.env.TILLGATE_PICTURES ?? fs.mkdtempSync(`${os.tmpdir()}/tillgate-pictures-`);
fs.mkdirSync(PICTURES, { recursive: true });

export async function openWorld() {
  const world = {};
  after(async () => {
    await world.chromium?.close();
    world.outside?.close();
  });
  Object.assign(world, await suite({ edge: true, stores: true }));
  await haveHistory(world.db);
  world.outside = await openOutside();
  world.chromium = await launchChromium();
  return world;
}

// A platform that has texted to these countries before: else the texts that all scenes together leave unanswered would soon hold up everybody's.
async function haveHistory(db) {
  await db.rows(`insert into app.breakers (key, sent, verified) select 'country ' || c, 1000, 700 from unnest(array['US', 'DE', 'CA']) c
                 on conflict on constraint breakers_pk do update set verified = greatest(app.breakers.verified, 700)`);
}

export function launchChromium() {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

// A test with one visitor. When it fails, the picture of what was on the screen says more than the message.
export function scene(world, name, play, options = {}) {
  test(name, { timeout: 120_000 }, async () => {
    const visitor = await Visitor.open(world, options);
    try {
      await play(visitor);
      visitor.judge();
    } catch (error) {
      await keepPicture(visitor, name, error);
      throw error;
    } finally {
      await visitor.close();
    }
  });
}

async function keepPicture(visitor, name, error) {
  const file = `${PICTURES}/failed-${name.replace(/\W+/g, '-').slice(0, 80)}.png`;
  try {
    await visitor.page.screenshot({ path: file, fullPage: true, timeout: 5_000 });
    error.message += `\n(on the screen: ${file}; refusals: ${visitor.refusals.join(', ') || 'none'}; ${visitor.complaints.join(' | ')})`;
  } catch {
    // The page may be gone; the error itself is what counts.
  }
}
