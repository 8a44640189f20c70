/** Every problem as a sentence that says what to do next. */
import { Problem, type Method } from '../api.ts';
import { duration, secondsUntil, toServer } from './clock.svelte.ts';
import { anyOf, has, t, tn, type Key } from './i18n.svelte.ts';

export const METHOD_NAMES: Record<Method, Key> = {
  sms: 'method_sms',
  authenticator: 'method_authenticator',
  backup_code: 'method_backup_code',
};

/** What happened and what to do. */
export function sentence(problem: Problem): string {
  const parts = [];
  const key = `problem_${last(problem) ?? problem.code}`;
  if (has(key)) parts.push(t(key));
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

/** When it may be tried again, counting down by itself; nothing where no time is known. */
export function retryLine(problem: Problem): string | null {
  if (problem.retryAt === null) return null;
  const left = secondsUntil(toServer(problem.retryAt));
  return left ? t('retry_in', { time: duration(left) }) : t('retry_now');
}

export function alternatives(methods: Method[]): string {
  return t('alternatives', { methods: anyOf(methods.map((method) => t(`code_a_${method}`))) });
}

/** Anything thrown, as a problem; what is not one is a bug and goes on. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  throw thrown;
}
