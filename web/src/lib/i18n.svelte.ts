/** The words on the screen: one JSON file per language, of which the browser loads only the one it shows. */
import type en from '../messages/en.json';

export type Locale = 'en' | 'de' | 'fr' | 'es' | 'ru';
export type Key = keyof typeof en;
/** Which forms a plural has is the language's affair; `check:messages` sees to it that each has its own. */
type Messages = Partial<Record<string, string>>;
type Params = Record<string, string | number>;

export const LOCALES: Record<Locale, string> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ru: 'Русский',
};
const load: Record<Locale, () => Promise<{ default: Messages }>> = {
  en: () => import('../messages/en.json'),
  de: () => import('../messages/de.json'),
  fr: () => import('../messages/fr.json'),
  es: () => import('../messages/es.json'),
  ru: () => import('../messages/ru.json'),
};

let current = $state<Locale>('en');
let messages = $state.raw<Messages>({});

export const locale = () => current;

export async function setLocale(wanted: string): Promise<void> {
  const next: Locale = wanted in load ? (wanted as Locale) : 'en';
  messages = (await load[next]()).default;
  current = next;
  document.documentElement.lang = next;
}

/** The first of the browser's languages that the panel speaks. */
export function browserLocale(): Locale {
  const spoken = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in load);
  return (spoken as Locale) ?? 'en';
}

export function t(key: Key, params: Params = {}): string {
  return (messages[key] ?? '').replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''));
}

/** A sentence with a number in it: `key_one`, `key_few`, … as the language wants it. */
export function tn(key: string, n: number, params: Params = {}): string {
  const exactly = `${key}_${new Intl.PluralRules(current).select(n)}`;
  return t((exactly in messages ? exactly : `${key}_other`) as Key, { n: number(n), ...params });
}

export const number = (n: number) => new Intl.NumberFormat(current).format(n);

/** A masked phone number that stays on one line. */
export const whole = (hint: string) => hint.replaceAll(' ', '\u00a0');

export const has = (key: string): key is Key => key in messages;

/** "a, b or c" */
export function anyOf(words: string[]): string {
  return new Intl.ListFormat(current, { type: 'disjunction' }).format(words);
}

export function date(time: string | number): string {
  return new Intl.DateTimeFormat(current, { dateStyle: 'medium' }).format(new Date(time));
}

export function dateTime(time: string | number): string {
  return new Intl.DateTimeFormat(current, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

/** "at 14:30" today, "on 23 November at 02:00" any other day: part of a sentence. */
export function moment(time: string | number): string {
  const at = new Date(time);
  const hour = new Intl.DateTimeFormat(current, { hour: 'numeric', minute: '2-digit' }).format(at);
  if (at.toDateString() === new Date().toDateString()) return t('moment_today', { time: hour });
  const day = new Intl.DateTimeFormat(current, { day: 'numeric', month: 'long' }).format(at);
  return t('moment_other', { day, time: hour });
}

/** "Today", "Yesterday", "Saturday, 21 November 2026" */
export function dayName(time: string | number): string {
  const at = new Date(time);
  const ago = (days: number) => new Date(new Date().setDate(new Date().getDate() - days)).toDateString();
  if (at.toDateString() === ago(0)) return t('day_today');
  if (at.toDateString() === ago(1)) return t('day_yesterday');
  return new Intl.DateTimeFormat(current, { dateStyle: 'full' }).format(at);
}

export function clockTime(time: number): string {
  return new Intl.DateTimeFormat(current, { timeStyle: 'medium' }).format(new Date(time));
}
