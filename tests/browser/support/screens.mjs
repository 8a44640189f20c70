// One screen, looked at from all sides: no accessibility violation in light and dark, no sideways scrolling from 320 pixels up, a picture at
// each width.
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { PICTURES } from './world.mjs';

const WIDTHS = [[320, 640], [390, 844], [1280, 800]];

// Collects what is wrong instead of stopping at the first screen.
export class Screens {
  constructor(visitor, scheme) {
    this.visitor = visitor;
    this.scheme = scheme;
    this.faults = [];
    this.seen = 0;
  }

  async look(name) {
    const { page } = this.visitor;
    this.seen += 1;
    await this.structure(name);
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await this.accessible(`${name}, ${scheme}`);
    }
    await page.emulateMedia({ colorScheme: this.scheme, reducedMotion: 'reduce' });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      await this.fits(`${name} at ${width}`);
      await this.picture(`${this.visitor.locale}-${this.scheme}-${String(this.seen).padStart(2, '0')}-${name}-${width}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
  }

  fault(name, text) {
    this.faults.push(`${name}: ${text}`);
  }

  async structure(name) {
    const found = await this.visitor.page.evaluate(() => ({
      headings: document.querySelectorAll('h1').length, mains: document.querySelectorAll('main').length,
      title: document.title, words: document.body.innerText,
    }));
    if (found.headings !== 1) this.fault(name, `${found.headings} h1`);
    if (found.mains !== 1) this.fault(name, `${found.mains} main`);
    if (!found.title.endsWith('Tillgate')) this.fault(name, `titled ${found.title}`);
    const unfilled = found.words.match(/\{\w+\}|undefined|\[object|NaN|Invalid Date/);
    if (unfilled) this.fault(name, `says "${unfilled[0]}"`);
  }

  async accessible(name) {
    await this.settled();
    const { violations } = await new AxeBuilder({ page: this.visitor.page }).setLegacyMode(true).analyze();
    for (const { id, nodes } of violations) this.fault(name, `axe ${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
  }

  // Colours change smoothly; what is half-way is no verdict.
  settled() {
    return this.visitor.page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const running = document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity);
      await Promise.all(running.map((one) => one.finished.catch(() => {})));
    });
  }

  async fits(name) {
    const sideways = await this.visitor.page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      const reaching = [...document.querySelectorAll('body *')].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && box.right > width + 1 && getComputedStyle(element).visibility !== 'hidden';
      });
      return { scrolls: document.documentElement.scrollWidth > width, reaching: reaching.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) };
    });
    if (sideways.scrolls) this.fault(name, 'scrolls sideways');
    for (const html of sideways.reaching) this.fault(name, `reaches over the edge: ${html}`);
  }

  async picture(name) {
    await this.settled();
    await this.visitor.page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true, animations: 'disabled', caret: 'hide' });
  }

  judge() {
    assert.deepEqual(this.faults, []);
    console.log(`${this.visitor.locale}: ${this.seen} screens`);
  }
}
