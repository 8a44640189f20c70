/**
 * The only place that calls fetch: every endpoint of the panel is one line, named like the server's handler.
 * Whatever goes wrong arrives as a `Problem`. A refusal that a second step can lift (not fresh, no proof) asks
 * for it through `watch.stepUp` and runs the call again; nothing that was typed is lost on the way.
 */
import type { operations } from './api.types.ts';

type Success<Op> = Op extends { responses: infer R }
  ? {
      [S in keyof R & (200 | 201 | 202)]: R[S] extends { content: { 'application/json': infer B } } ? B : never;
    }[keyof R & (200 | 201 | 202)]
  : never;
type Body<Name extends keyof operations> = Success<operations[Name]>;
type Query<Name extends keyof operations> = NonNullable<operations[Name]['parameters']['query']>;
type Input<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { 'application/json': infer B } };
}
  ? B
  : never;

export type Session = Body<'session_read'>;
export type Challenge = Body<'challenge_read'>;
export type Profile = Body<'profile_read'>;
export type AuthenticatorStart = Body<'authenticator_start'>;
export type Device = Body<'device_list'>['items'][number];
export type SessionItem = Body<'session_list'>['items'][number];
export type Method = Session['methods'][number]['method'];
export type Texts = Body<'texts_read'>;
export type Person = Body<'team_read'>;
export type PersonQuery = Query<'team_list'>;
export type Event = Body<'activity_list'>['items'][number];
export type EventQuery = Query<'activity_list'>;
export interface Lines {
  text: string;
  next: string | null;
}

/** An answer that says no (RFC 9457), or no answer at all (code `network`). */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly requestId: string | null;
  /** When to try again, in this device's milliseconds since 1970. */
  readonly retryAt: number | null;
  readonly triesLeft: number | null;
  /** Codes of this user are not taken until then. */
  readonly lockedUntil: string | null;
  readonly alternatives: Method[];
  /** More exactly: which budget, breaker or switch refused a text, or why the number gets none. */
  readonly reason: string | null;
  /** When texts return; null when somebody has to end it. Not told by problems that are not about texts. */
  readonly until: string | null | undefined;
  /** How the owner of a suppressed number gets texts again. */
  readonly wayBack: string | null;

  constructor(status: number, body: Record<string, unknown>, requestId: string | null = null) {
    super(String(body.detail ?? body.title ?? body.code ?? 'no answer'));
    this.status = status;
    this.code = typeof body.code === 'string' ? body.code : 'unknown';
    this.title = typeof body.title === 'string' ? body.title : '';
    this.requestId = typeof body.request_id === 'string' ? body.request_id : requestId;
    this.retryAt = typeof body.retry_after === 'number' ? Date.now() + body.retry_after * 1000 : null;
    this.triesLeft = typeof body.tries_left === 'number' ? body.tries_left : null;
    this.lockedUntil = typeof body.locked_until === 'string' ? body.locked_until : null;
    this.alternatives = Array.isArray(body.alternatives) ? body.alternatives : [];
    this.reason = typeof body.reason === 'string' ? body.reason : null;
    this.until = typeof body.until === 'string' || body.until === null ? body.until : undefined;
    this.wayBack = typeof body.way_back === 'string' ? body.way_back : null;
  }
}

/** What the rest of the panel wants to hear of; set once at start. */
export const watch = {
  /** Any answer came: the session was alive just now. */
  answered: () => {},
  /** The session is gone (401), or is not what the panel believed it to be. */
  sessionLost: (_problem: Problem) => {},
  /** Ask for the second step or a proof; true when it was given. */
  stepUp: async (_need: 'fresh' | 'proof'): Promise<boolean> => false,
};

const NEEDS: Record<string, 'fresh' | 'proof'> = { fresh_session_required: 'fresh', proof_required: 'proof' };
const TIMEOUT = 15_000;

async function call<Name extends keyof operations>(method: string, path: string, body?: object): Promise<Body<Name>> {
  const given = new Set<string>();
  for (;;) {
    try {
      return await once(method, path, body);
    } catch (problem) {
      const need = problem instanceof Problem && NEEDS[problem.code];
      if (!need || given.has(need) || !(await watch.stepUp(need))) throw problem;
      given.add(need);
    }
  }
}

/**
 * Calls that may bring a new cookie: how many are under way, how many have ended. What was asked before such a call with the
 * cookie of then says nothing about the session after it.
 */
const changing = { underWay: 0, ended: 0 };

async function once<T>(method: string, path: string, body?: object): Promise<T> {
  if (method === 'GET') {
    const { ended } = changing;
    return send(method, path, body, () => changing.underWay === 0 && changing.ended === ended);
  }
  changing.underWay += 1;
  try {
    return await send(method, path, body, () => true);
  } finally {
    changing.underWay -= 1;
    changing.ended += 1;
  }
}

async function send<T>(method: string, path: string, body: object | undefined, stillValid: () => boolean): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Requested-By': 'tillgate-panel' };
  if (body) headers['Content-Type'] = 'application/json';
  let response: Response, text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    text = await response.text();
  } catch {
    throw new Problem(0, { code: 'network' });
  }
  if (response.ok) {
    watch.answered();
    const lines = response.headers.get('Content-Type')?.startsWith('application/x-ndjson');
    const whole = lines ? { text, next: response.headers.get('X-Next-Cursor') } : text ? JSON.parse(text) : undefined;
    return whole as T;
  }
  const problem = new Problem(response.status, problemBody(response, text), response.headers.get('X-Request-Id'));
  if ((response.status === 401 || problem.code === 'second_step_required') && stillValid()) watch.sessionLost(problem);
  throw problem;
}

function problemBody(response: Response, text: string): Record<string, unknown> {
  try {
    const body = JSON.parse(text);
    if (body && typeof body === 'object') return body;
  } catch {
    // Not ours: something between the panel and the server answered.
  }
  return response.status === 503 || response.status === 502
    ? { code: 'overloaded' }
    : { title: `HTTP ${response.status}` };
}

const id = encodeURIComponent;

/** "?a=1&b=2" of what is there. */
function search(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
}

export const api = {
  session_read: () => call<'session_read'>('GET', '/api/session'),
  session_end: () => call<'session_end'>('DELETE', '/api/session'),
  second_step_send_code: () => call<'second_step_send_code'>('POST', '/api/second-step/send-code'),
  second_step_verify: (body: Input<'second_step_verify'>) =>
    call<'second_step_verify'>('POST', '/api/second-step/verify', body),
  second_step_device: () => call<'second_step_device'>('POST', '/api/second-step/device'),
  second_step_bypass: () => call<'second_step_bypass'>('POST', '/api/second-step/bypass'),
  challenge_read: (challenge: string) => call<'challenge_read'>('GET', `/api/challenges/${id(challenge)}`),
  profile_read: () => call<'profile_read'>('GET', '/api/profile'),
  profile_change: (body: Input<'profile_change'>) => call<'profile_change'>('PATCH', '/api/profile', body),
  phone_save: (number: string) => call<'phone_save'>('PUT', '/api/phone', { number, consent: true }),
  phone_send_code: () => call<'phone_send_code'>('POST', '/api/phone/send-code'),
  phone_verify: (body: Input<'phone_verify'>) => call<'phone_verify'>('POST', '/api/phone/verify', body),
  phone_change_send_code: () => call<'phone_change_send_code'>('POST', '/api/phone/change/send-code'),
  phone_change: (body: Input<'phone_change'>) => call<'phone_change'>('POST', '/api/phone/change', body),
  phone_remove: () => call<'phone_remove'>('DELETE', '/api/phone'),
  authenticator_start: () => call<'authenticator_start'>('POST', '/api/authenticator'),
  authenticator_check: (code: string) => call<'authenticator_check'>('POST', '/api/authenticator/check', { code }),
  authenticator_remove: () => call<'authenticator_remove'>('DELETE', '/api/authenticator'),
  backup_codes_create: () => call<'backup_codes_create'>('POST', '/api/backup-codes'),
  device_list: () => call<'device_list'>('GET', '/api/devices'),
  device_clear: () => call<'device_clear'>('DELETE', '/api/devices'),
  device_remove: (device: string) => call<'device_remove'>('DELETE', `/api/devices/${id(device)}`),
  session_list: () => call<'session_list'>('GET', '/api/sessions'),
  session_end_others: () => call<'session_end_others'>('DELETE', '/api/sessions'),
  session_remove: (session: string) => call<'session_remove'>('DELETE', `/api/sessions/${id(session)}`),
  texts_read: (month: string) => call<'texts_read'>('GET', `/api/texts?month=${id(month)}`),
  team_list: (query: PersonQuery) => call<'team_list'>('GET', `/api/users${search(query)}`),
  team_read: (user: string) => call<'team_read'>('GET', `/api/users/${id(user)}`),
  team_lock: (user: string, reason: string) => call<'team_lock'>('POST', `/api/users/${id(user)}/lock`, { reason }),
  team_unlock: (user: string, reason: string) =>
    call<'team_unlock'>('POST', `/api/users/${id(user)}/unlock`, { reason }),
  team_reset: (user: string, reason: string) => call<'team_reset'>('POST', `/api/users/${id(user)}/reset`, { reason }),
  team_sessions_end: (user: string) => call<'team_sessions_end'>('DELETE', `/api/users/${id(user)}/sessions`),
  activity_list: (query: EventQuery) => call<'activity_list'>('GET', `/api/activity${search(query)}`),
  /** Lines of JSON, as one text; `next`: where the next file begins. */
  activity_export: (query: EventQuery) =>
    call<'activity_export'>('GET', `/api/activity.ndjson${search(query)}`) as Promise<unknown> as Promise<Lines>,
  time_read: () => call<'time_read'>('GET', '/api/time'),
};
