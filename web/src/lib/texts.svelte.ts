/** Whether texts go out at the moment, as the session tells it: who may need one asks here before offering it. */
import { duration, secondsUntil } from './clock.svelte.ts';
import { moment, t } from './i18n.svelte.ts';
import { current, refreshSession } from './session.svelte.ts';

const LOOKS_AGAIN = 20_000;

export const textsPaused = () => current.session?.texts.available === false;

/** Why: "Text messages are paused for safety". */
export const pausedTitle = () => t(`paused_${current.session?.texts.reason ?? 'stopped'}`);

/** When they return, counting down by itself. */
export function pausedUntil(): string {
  const until = current.session?.texts.until;
  if (!until) return t('paused_open');
  const left = secondsUntil(Date.parse(until));
  return left ? t('paused_until', { time: moment(until), left: duration(left) }) : t('paused_over');
}

/** What stands at a button that would send a text; null: it may be pressed. */
export const whyNoText = () => (textsPaused() ? `${pausedTitle()}.` : null);

/**
 * Notices by itself that texts are back, where somebody waits for it; called while a component is set up. A whole session is looked
 * at only when the pause should be over: looking counts as use, and an open page alone must not keep a session alive.
 */
export function watchTexts(): void {
  const over = $derived.by(() => {
    const until = textsPaused() && current.session?.texts.until;
    return !!until && secondsUntil(Date.parse(until)) === 0;
  });
  const waits = $derived(textsPaused() && current.session?.state !== 'ready');
  $effect(() => {
    if (over) void refreshSession();
  });
  $effect(() => {
    if (!waits) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void refreshSession();
    }, LOOKS_AGAIN);
    return () => clearInterval(timer);
  });
}
