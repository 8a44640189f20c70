// The owner's page of what happened in the store: in sentences, found by what, who and when, and taken away as a file.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { Screens } from './support/screens.mjs';
import { ageSecondStep, proveInDialog, signIn } from './support/journeys.mjs';

const world = await openWorld();
const CROWD = 10_000;

const entries = (visitor) => visitor.page.getByRole('list', { name: visitor.say('activity_list') }).getByRole('listitem');
const entry = (visitor, text) => entries(visitor).filter({ hasText: text });

// A store whose owner and one more person have lived a little.
async function lived(locale = 'en') {
  const owner = await newPerson(world, { methods: ['sms', 'authenticator'], user: { name: 'Ann Archer', locale } });
  const ben = await newPerson(world, { store: owner.store, methods: ['authenticator'], user: { name: 'Bertram Brooks', role: 'admin', locale } });
  return { owner, ben };
}

async function activity(visitor, owner) {
  await signIn(visitor, owner);
  await visitor.opens(visitor.say('menu_activity'));
  await visitor.sees(visitor.say('activity_title'));
  await entries(visitor).first().waitFor();
}

// Events that say nothing to anybody, as many as that; the newest are the last.
async function past(store, count) {
  await world.db.rows(
    `insert into app.event_entries (tenant_id, event_id, at, request_id, kind, caller, detail)
     select s.tenant_id, (lpad(to_hex((extract(epoch from now() - interval '30 days') * 1000)::bigint + n * 200), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
            date_trunc('milliseconds', now() - interval '30 days' + n * interval '200 ms'), '01900000-0000-7000-8000-000000000000', 'widget_painted', 'system', jsonb_build_object('number', n)
       from app.slugs s, generate_series(1, $2::integer) n where s.slug = $1`, store.tenant.slug, count);
}

scene(world, 'what happened stands in sentences, with who did it and why', async (ann) => {
  const { owner, ben } = await lived();
  await activity(ann, owner);
  await entry(ann, ann.say('event_signed_in', { user: 'Ann Archer', method: ann.say('method_backup_code') })).first().waitFor();
  await entry(ann, ann.say('event_authenticator_activated', { user: 'Bertram Brooks' })).first().waitFor();
  await ann.opens(ann.say('menu_users'));
  await ann.page.getByRole('link', { name: /Bertram Brooks/ }).click();
  await ann.press(ann.say('user_lock'));
  const dialog = ann.dialog(ann.say('user_lock_title', { name: 'Bertram Brooks' }));
  await dialog.getByRole('textbox').fill('Left the company');
  await dialog.getByRole('button', { name: ann.say('user_lock'), exact: true }).click();
  await ann.hears(ann.say('user_locked', { name: 'Bertram Brooks' }));
  await ann.follow(ann.say('user_did', { name: 'Bertram Brooks' }));
  const locked = entry(ann, ann.say('event_user_locked', { user: 'Bertram Brooks' })).first();
  await locked.getByText('Left the company').first().waitFor();
  await locked.getByText(ann.say('activity_by', { name: 'Ann Archer' })).waitFor();
  assert.equal(await entry(ann, 'Ann Archer signed in').count(), 0, 'only what concerns the person');
  await locked.getByText(ann.say('activity_details')).first().click();
  await locked.getByText('user_locked', { exact: true }).waitFor();
  assert.ok(ben);
});

scene(world, 'found by what, who, when and words; the address keeps it', async (ann) => {
  const { owner } = await lived();
  await activity(ann, owner);
  const all = await entries(ann).count();
  await ann.page.getByRole('combobox', { name: ann.say('activity_group') }).selectOption({ label: ann.say('activity_group_methods') });
  await ann.page.waitForFunction((before) => { const n = document.querySelectorAll('main li').length; return n > 0 && n < before; }, all);
  assert.equal(await entry(ann, 'signed in').count(), 0);
  await ann.press(new RegExp(ann.say('activity_anybody')));
  const dialog = ann.dialog(ann.say('activity_choose'));
  await dialog.getByRole('searchbox').fill('bert');
  await dialog.getByRole('button', { name: /Bertram Brooks/ }).click();
  await ann.page.waitForFunction(() => { const said = [...document.querySelectorAll('main li .what > p:first-child')].map((one) => one.textContent); return said.length > 0 && said.every((one) => one.includes('Bertram')); });
  await ann.page.reload();
  await ann.button(/Bertram Brooks/).waitFor();
  await entry(ann, ann.say('event_authenticator_activated', { user: 'Bertram Brooks' })).first().waitFor();
  await ann.page.getByRole('combobox', { name: ann.say('activity_period') }).selectOption({ label: ann.say('activity_period_own') });
  await ann.page.getByLabel(ann.say('activity_to'), { exact: true }).fill('2020-01-01');
  await ann.reads(ann.say('activity_none_text'));
  await ann.press(ann.say('activity_clear'));
  await entry(ann, 'Ann Archer signed in').first().waitFor();
  await ann.page.getByRole('searchbox').fill('bertram');
  await ann.page.waitForFunction(() => { const said = [...document.querySelectorAll('main li .what > p:first-child')].map((one) => one.textContent); return said.length > 0 && said.every((one) => one.includes('Bertram')); });
});

scene(world, 'ten thousand events: shown page by page; the file holds every one, after a fresh second step', async (ann) => {
  const { owner } = await lived();
  await past(owner.store, CROWD);
  await activity(ann, owner);
  const before = await entries(ann).count();
  await ann.press(ann.say('show_more'));
  await ann.page.waitForFunction((before) => document.querySelectorAll('main li').length > before, before);
  // a kind that the panel has no sentence for is readable all the same
  await entry(ann, 'Widget painted').first().waitFor();
  await ageSecondStep(ann, '16 minutes');
  ann.expects(/^403 GET \/api\/activity\.ndjson$/);
  const saved = ann.page.waitForEvent('download', { timeout: 60_000 });
  await ann.press(ann.say('activity_export'));
  await proveInDialog(ann, ann.say('fresh_title'), owner.codes.shift());
  const file = await saved;
  assert.match(file.suggestedFilename(), new RegExp(`^tillgate-activity-${owner.store.tenant.slug}-\\d{4}-\\d\\d-\\d\\d\\.ndjson$`));
  const lines = fs.readFileSync(await file.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.filter((one) => one.kind === 'widget_painted').length, CROWD);
  assert.equal(new Set(lines.map((one) => one.id)).size, lines.length, 'an event twice');
  assert.ok(lines.some((one) => one.kind === 'signed_in' && one.user_name === 'Ann Archer'));
  await ann.hears(ann.say('activity_exported'));
});

for (const [locale, scheme] of [['en', 'light'], ['de', 'dark'], ['fr', 'light'], ['es', 'dark'], ['ru', 'light']]) {
  scene(world, `${locale}: the screens of the activity`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 95;
    const { owner } = await lived(locale);
    await activity(ann, owner);
    await screens.look('activity');
    await ann.page.getByRole('combobox', { name: ann.say('activity_period') }).selectOption({ label: ann.say('activity_period_own') });
    await entries(ann).first().getByText(ann.say('activity_details')).first().click();
    await screens.look('activity-details');
    await ann.press(new RegExp(ann.say('activity_anybody')));
    await ann.dialog(ann.say('activity_choose')).getByRole('button', { name: /Bertram/ }).waitFor();
    await screens.look('activity-person');
    screens.judge();
  }, { locale, scheme });
}
