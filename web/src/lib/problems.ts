/** Every problem as a sentence that says what to do next. */
import { Problem, type Method } from '../api.ts';
import { duration, secondsUntil, toServer } from './clock.svelte.ts';
import { anyOf, has, moment, t, tn, type Key } from './i18n.svelte.ts';

export const METHOD_NAMES: Record<Method, Key> = {
  sms: 'method_sms',
  authenticator: 'method_authenticator',
  backup_code: 'method_backup_code',
};

/** What happened and what to do. */
export function sentence(problem: Problem): string {
  const parts = [];
  const key = `problem_${last(problem) ?? problem.code}`;
  const exactly = `${key}_${problem.reason}`;
  if (has(exactly)) parts.push(t(exactly));
  else if (has(key)) parts.push(t(key));
  else parts.push(t('problem_unknown', { title: problem.title || problem.code, request: problem.requestId ?? '–' }));
  if (problem.code === 'code_wrong' && problem.triesLeft) parts.push(tn('tries_left', problem.triesLeft));
  if (problem.code === 'internal' && problem.requestId) parts.push(t('request_id', { request: problem.requestId }));
  if (problem.alternatives.length) parts.push(alternatives(problem.alternatives));
  return parts.join(' ');
}

/** A wrong code that was the last one allowed: what holds from now on. */
function last(problem: Problem): string | null {
  if (problem.code !== 'code_wrong' || problem.triesLeft !== 0) return null;
  return problem.lockedUntil ? 'locked' : 'challenge_exhausted';
}

/** From here on a time of day says more than a countdown. */
const LONG = 2 * 3600;

/** When it may be tried again, counting down by itself; nothing where no time is known. */
export function retryLine(problem: Problem): string | null {
  // Somebody has to switch texts on again: retry_after only says when it is worth a look.
  if (problem.code === 'texts_stopped') return t('retry_open');
  const rests = problem.wayBack === 'wait' && problem.until ? Date.parse(problem.until) : null;
  const at = rests ?? (problem.retryAt === null ? null : toServer(problem.retryAt));
  if (at === null) return null;
  const left = secondsUntil(at);
  if (left > LONG) return t('retry_at', { time: moment(at) });
  return left ? t('retry_in', { time: duration(left) }) : t('retry_now');
}

export function alternatives(methods: Method[]): string {
  return t('alternatives', { methods: anyOf(methods.map((method) => t(`code_a_${method}`))) });
}

/** Refusals that hold for the whole store, not only for this number: what the session says of texts is old then. */
export const stopsTexts = (problem: Problem) =>
  ['texts_stopped', 'platform_money', 'limit_money', 'breaker_open'].includes(problem.code);

/** Refusals of a text: the authenticator app is a way out of each. */
export const isAboutTexts = (problem: Problem) =>
  problem.until !== undefined || /^(limit|number|country|price)_/.test(problem.code);

/** Anything thrown, as a problem; what is not one is a bug and goes on. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  throw thrown;
}
