/** Who is signed in, how far, and until when. Every part of the panel reads it here; only answers of the server change it. */
import { api, Problem, watch, type Method, type Session } from '../api.ts';
import { setServerTime } from './clock.svelte.ts';
import { locale, setLocale } from './i18n.svelte.ts';
import { pathHere } from './links.ts';
import { asProblem, sentence } from './problems.ts';
import { go, router } from './router.svelte.ts';
import { toast } from './toast.svelte.ts';

type Without = 'none' | 'launch_expired' | 'signed_out' | 'ended';

const IDLE = 15 * 60_000;
/** The server notes a visit at most once a minute, so it may count up to this much earlier. */
const KEEP_ALIVE = 4 * 60_000;

class Current {
  session = $state.raw<Session | null>(null);
  /** Why there is no session, when there is none. */
  without = $state<Without>('none');
  /** Why it could not be read, when the server did not answer. */
  problem = $state.raw<Problem | null>(null);
  loading = $state(true);
  /** The page of an application behind the panel that sent the person here to sign in. */
  returnTo = $state<string | null>(null);
}

export const current = new Current();

export async function loadSession(): Promise<void> {
  current.problem = null;
  try {
    let session = await api.session_read();
    if (session.state === 'second_step' && session.trusted_device) {
      session = await api.second_step_device().catch(() => session);
    }
    await setSession(session);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status !== 401) current.problem = problem;
  }
  current.loading = false;
}

/** Takes the session as the server just told it; a session that rises goes where the store's link pointed. */
export async function setSession(session: Session): Promise<void> {
  setServerTime(session.server_time);
  // Another tab signed in as somebody else: nothing of the first user may stay on the screen.
  if (current.session && current.session.user.id !== session.user.id) return location.assign('/');
  const rose = current.session?.state !== 'ready' && session.state === 'ready';
  if (session.user.locale !== locale()) await setLocale(session.user.locale);
  const fromSetUp = current.session?.state === 'set_up';
  if (rose && !fromSetUp && current.returnTo && (current.session || !wasSentBack())) {
    return location.replace(current.returnTo);
  }
  current.session = session;
  if (rose && !fromSetUp && router.path === '/' && session.destination !== '/')
    go(session.destination, { replace: true });
}

/**
 * Was it this page that opened the application, which sent the person straight back? Then its edge does not see the session, and
 * once more would go on for ever.
 */
function wasSentBack(): boolean {
  const from = URL.canParse(document.referrer) ? new URL(document.referrer) : null;
  return from?.origin === location.origin && from.pathname === '/' && from.searchParams.has('return');
}

export async function refreshSession(): Promise<void> {
  try {
    await setSession(await api.session_read());
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
}

export async function signOut(): Promise<void> {
  try {
    await api.session_end();
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.status !== 401) return toast(sentence(problem), { bad: true });
  }
  leave('signed_out');
}

export function leave(why: Without): void {
  current.session = null;
  current.without = why;
}

/** By the session; the server looks again at every question. */
export const isOwner = () => current.session?.user.role === 'owner';

export const hasMethod = (method: Method, session = current.session) =>
  !!session?.methods.some((active) => active.method === method && !active.off && active.left !== 0);

/** A session ends when nobody uses it: what the user does here counts as use, an open page alone does not. */
export function startSession(): void {
  let answeredAt = Date.now();
  watch.answered = () => (answeredAt = Date.now());
  watch.sessionLost = (problem) => {
    if (problem.code === 'second_step_required') void refreshSession();
    else if (current.session) leave('ended');
  };
  const used = () => {
    if (current.session && Date.now() - answeredAt > KEEP_ALIVE && Date.now() - answeredAt < IDLE) {
      answeredAt = Date.now();
      void refreshSession();
    }
  };
  addEventListener('pointerdown', used);
  addEventListener('keydown', used);
  const check = () => {
    if (current.session && Date.now() - answeredAt > IDLE) void refreshSession();
  };
  setInterval(check, 20_000);
  // Whoever comes back to this tab may have signed out, or in again, in another.
  document.addEventListener('visibilitychange', () => {
    if (current.session && document.visibilityState === 'visible') void refreshSession();
  });

  const query = new URLSearchParams(location.search);
  current.returnTo = pathHere(query.get('return'));
  if (current.returnTo) current.without = 'ended';
  if (query.get('problem') === 'launch_expired') {
    current.without = 'launch_expired';
    history.replaceState(null, '', location.pathname);
  }
}
