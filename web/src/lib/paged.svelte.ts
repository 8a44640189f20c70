/**
 * A list that comes in pages. Every question starts it anew, and only the newest is answered: what an older one still brings is
 * dropped. The old items stay until the new ones are here, so that nothing jumps while somebody types.
 */
import type { Problem } from '../api.ts';
import { asProblem } from './problems.ts';

interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export class Paged<Item, Query extends object> {
  items = $state.raw<Item[]>([]);
  /** Where the next page begins; null: there is none. */
  cursor = $state<string | null>(null);
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Has any question been answered yet? */
  answered = $state(false);
  query = $state.raw<Query>({} as Query);

  readonly #read: (query: Query & { cursor?: string }) => Promise<Page<Item>>;
  #asked = 0;

  constructor(read: (query: Query & { cursor?: string }) => Promise<Page<Item>>) {
    this.#read = read;
  }

  /** From the first page on. */
  ask(query: Query): Promise<void> {
    this.query = query;
    return this.#fetch(query, (page) => page.items);
  }

  /** The page behind those that are here. */
  async more(): Promise<void> {
    if (this.cursor === null || this.busy) return;
    await this.#fetch({ ...this.query, cursor: this.cursor }, (page) => [...this.items, ...page.items]);
  }

  async #fetch(query: Query & { cursor?: string }, together: (page: Page<Item>) => Item[]): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    this.problem = null;
    try {
      const page = await this.#read(query);
      if (asked !== this.#asked) return;
      this.items = together(page);
      this.cursor = page.next_cursor;
      this.answered = true;
    } catch (thrown) {
      if (asked === this.#asked) this.problem = asProblem(thrown);
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }
}
