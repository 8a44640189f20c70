/**
 * Short news at the top of the screen, mostly good: bad news stands where it happened, if there is such a place.
 * It stays until it is dismissed, other news comes, or the screen is left: nobody has to read against the clock.
 */
import { untrack } from 'svelte';

interface News {
  text: string;
  bad: boolean;
  at: number;
}
let shown = $state.raw<News | null>(null);

export const news = () => shown;

export function toast(text: string, { bad = false } = {}): void {
  shown = { text, bad, at: Date.now() };
}

export function dismiss(): void {
  shown = null;
}

/** Another screen: what was said on the way to it stays. */
export function screenChanged(): void {
  const last = untrack(() => shown);
  if (last && Date.now() - last.at > 1000) shown = null;
}
