// The demo store's admin and the sandbox's page of phones, clicked as a person does.
import assert from 'node:assert/strict';

// The words of the demo stores.
const WORDS = {
  en: { settings: 'Settings', advanced: 'Advanced', open: /Open the admin panel/, token: /The same by signed token/ },
  de: { settings: 'Einstellungen', advanced: 'Erweitert', open: /Admin-Panel öffnen/, token: /Dasselbe mit signiertem Token/ },
};

export class DemoStore {
  constructor(visitor, slug, locale) {
    this.visitor = visitor;
    this.origin = `http://${slug}.shop.localhost:${visitor.world.stack.ports.store}`;
    this.panel = `http://${visitor.world.stack.hosts(slug).panel}`;
    this.words = WORDS[locale];
  }

  // Opens the admin as one of its people; stays open in its own tab.
  async enter(name) {
    this.tab = await this.visitor.context.newPage();
    await this.tab.goto(this.origin);
    await this.tab.getByRole('button', { name: new RegExp(name) }).click();
    await this.tab.getByRole('navigation').first().getByRole('link', { name: this.words.settings, exact: true }).click();
    await this.tab.getByRole('link', { name: this.words.advanced, exact: true }).click();
  }

  // The one click, by ticket or by signed token. The panel comes in a new tab, which is the visitor's page from now on.
  async openPanel(way = 'open') {
    const before = this.visitor.page;
    const opened = this.visitor.context.waitForEvent('page');
    await this.tab.bringToFront();
    await this.tab.getByRole('button', { name: this.words[way] }).click();
    this.visitor.page = await opened;
    this.visitor.panel = this.panel;
    await this.visitor.page.waitForURL(`${this.panel}/`);
    assert.equal(await this.visitor.page.evaluate(() => window.opener), null, 'the panel knows the tab that opened it');
    if (before !== this.tab) await before.close();
  }
}

export class Phones {
  static async open(visitor) {
    const phones = new Phones();
    phones.tab = await visitor.context.newPage();
    await phones.tab.goto(`http://phone.localhost:${visitor.world.stack.ports.phone}`);
    await phones.tab.getByText('live', { exact: true }).waitFor();
    phones.world = visitor.world;
    return phones;
  }

  // Does what makes a text to `number` go out; answers its code as the page shows it and how long it took to get there, in milliseconds. Other
  // people's texts arrive on the same page: the number's own conversation is opened and read in one go.
  async codeAfter(number, act) {
    const button = `#numbers button[data-number="${number}"]`;
    const before = await this.tab.evaluate((button) => Number(document.querySelector(button)?.dataset.texts ?? 0), button);
    const appeared = this.tab.waitForFunction(
      ([button, before]) => Number(document.querySelector(button)?.dataset.texts ?? 0) > before && Date.now(), [button, before], { polling: 20 });
    const begun = Date.now();
    await act();
    const milliseconds = (await (await appeared).jsonValue()) - begun;
    const { code, text } = await this.tab.evaluate((button) => {
      document.querySelector(button).click();
      const newest = document.querySelector('#texts > li');
      return { code: newest.querySelector('.code b').textContent, text: newest.querySelector('.body').textContent };
    }, button);
    return { code: this.world.stack.secret(code), text, milliseconds };
  }
}
