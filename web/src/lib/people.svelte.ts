/** The owner's list of users. It is kept while one of them is looked at, so that coming back finds the same place. */
import { api, type Person } from '../api.ts';
import { Paged } from './paged.svelte.ts';

export const STATES = ['active', 'locked', 'removed'] as const;
export interface PeopleQuery {
  q?: string;
  state?: Person['state'];
}

class People extends Paged<Person, PeopleQuery> {
  /** Who was looked at last: gets the focus when the list is shown again. */
  looked: string | null = null;

  /** What is known of a person now. */
  changed(person: Person): void {
    this.items = this.items.map((one) => (one.id === person.id ? person : one));
  }
}

const PAGE = 100;
export const people = new People((query) => api.team_list({ ...query, limit: PAGE }));
