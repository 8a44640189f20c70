/** What kinds of events there are, in groups that an owner thinks in; and what each says. */
import type { Event } from '../api.ts';
import { dateTime, has, t, type Key } from './i18n.svelte.ts';
import { METHOD_NAMES } from './problems.ts';

export const GROUPS = {
  sign_in: [
    'launch_created',
    'launch_redeemed',
    'launch_revoked',
    'launch_refused',
    'signed_in',
    'session_ended',
    'sessions_ended',
    'code_refused',
    'backup_code_used',
    'bypass_used',
  ],
  methods: [
    'phone_saved',
    'phone_verified',
    'phone_removed',
    'phone_change_proved',
    'authenticator_activated',
    'authenticator_removed',
    'authenticator_code_replayed',
    'backup_codes_created',
    'device_trusted',
    'device_removed',
    'devices_cleared',
    'profile_changed',
  ],
  users: [
    'user_changed',
    'user_locked',
    'user_unlocked',
    'user_reset',
    'user_removed',
    'user_sessions_ended',
    'user_devices_cleared',
    'user_erased',
    'bypass_requested',
    'bypass_approved',
    'bypass_ended',
  ],
  texts: ['send_refused', 'texts_stopped', 'texts_resumed', 'limits_changed', 'breaker_opened', ...budgets()],
  store: [
    'tenant_created',
    'tenant_changed',
    'tenant_suspended',
    'tenant_resumed',
    'tenant_deleted',
    'tenant_restored',
    'trial_ended',
    'key_created',
    'key_rotated',
    'key_revoked',
    'launch_key_created',
    'launch_key_rotated',
    'launch_key_revoked',
    'export_created',
    'activity_exported',
    'events_expired',
  ],
} as const;
export type Group = keyof typeof GROUPS;

const ICONS = {
  sign_in: 'device',
  methods: 'shield',
  users: 'people',
  texts: 'message',
  store: 'store',
} as const;

/** Kinds that want a look: something was refused, locked or taken away. */
const ALARMS = /locked|suspended|deleted|refused|stopped|replayed|reset|removed|revoked|erased|bypass|budget|breaker/;

function budgets(): string[] {
  return ['50', '80', '100'].flatMap((percent) => [`budget_${percent}`, `budget_${percent}_month`]);
}

const groupOf = (kind: string): Group | undefined =>
  (Object.keys(GROUPS) as Group[]).find((group) => (GROUPS[group] as readonly string[]).includes(kind));

export const iconOf = (kind: string) => ICONS[groupOf(kind) ?? 'store'];
export const isAlarm = (kind: string) => ALARMS.test(kind);

/** The message of an event. Kinds that are counted up in their names share one. */
function messageOf(event: Event): Key | null {
  const kind = /^budget_\d+/.test(event.kind)
    ? 'budget'
    : event.kind.startsWith('would_refuse_')
      ? 'would_refuse'
      : event.kind === 'user_locked' && event.detail?.until
        ? 'user_locked_codes'
        : event.kind;
  const key = `event_${kind}`;
  return has(key) ? key : null;
}

/** "Ann Archer signed in: Authenticator app". A kind that this panel does not know yet is shown by its own name. */
export function sentenceOf(event: Event): string {
  const message = messageOf(event);
  if (!message) return readable(event);
  const detail = event.detail ?? {};
  const text = (name: string) => (typeof detail[name] === 'string' ? detail[name] : '–');
  return t(message, {
    user: nameOf(event),
    method: methodOf(text('method')),
    to: text('to').replaceAll(' ', '\u00a0'),
    name: text('name'),
    by: typeof detail.approved_by === 'string' ? detail.approved_by : text('by'),
    left: Number(detail.left ?? 0),
    until: typeof detail.until === 'string' ? dateTime(detail.until) : '–',
    percent: `${/\d+/.exec(event.kind)?.[0] ?? ''} %`,
  });
}

const nameOf = (event: Event) => event.user_name ?? t('activity_nobody');

function methodOf(name: string): string {
  if (name === 'device' || name === 'bypass') return t(`event_by_${name}`);
  return name in METHOD_NAMES ? t(METHOD_NAMES[name as keyof typeof METHOD_NAMES]) : name;
}

/** "widget_painted" of Ann → "Widget painted: Ann Archer" */
function readable(event: Event): string {
  const words = event.kind.replaceAll('_', ' ');
  const sentence = words.slice(0, 1).toUpperCase() + words.slice(1);
  return event.user_name ? `${sentence}: ${event.user_name}` : sentence;
}

/** Who did it, when it was not the person that it is about: "by Ann Archer", "The platform". */
export function doerOf(event: Event): string | null {
  if (event.actor) return t('activity_by', { name: event.actor_name ?? t('activity_nobody') });
  return event.caller === 'session' || event.caller === 'host' ? null : callerOf(event.caller);
}

export function callerOf(caller: string): string {
  const key = `caller_${caller}`;
  return has(key) ? t(key) : caller;
}

/** Why it was done, in the words of who did it. */
export const reasonOf = (event: Event): string | null =>
  typeof event.detail?.reason === 'string' && /^(user|tenant|bypass|texts)_/.test(event.kind)
    ? event.detail.reason
    : null;

/** What else is known, as names and values. */
export function detailsOf(event: Event): [string, string][] {
  return Object.entries(event.detail ?? {}).map(([name, value]) => [
    name.replaceAll('_', ' '),
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}
