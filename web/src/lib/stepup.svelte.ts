/**
 * Asking for a second step in the middle of something else. `ask` opens the dialog (see StepUp.svelte) and promises
 * whether it was given; callers that ask for the same thing while it is open share one dialog.
 */
import { untrack } from 'svelte';

export type Need = 'fresh' | 'proof';
export interface Asking {
  need: Need;
  answer: Promise<boolean>;
  close: (given: boolean) => void;
}

let open = $state.raw<Asking[]>([]);

export const asking = () => open;

export function ask(need: Need): Promise<boolean> {
  const same = untrack(() => open).find((one) => one.need === need);
  if (same) return same.answer;
  let settle: (given: boolean) => void = () => {};
  const answer = new Promise<boolean>((resolve) => (settle = resolve));
  const one: Asking = {
    need,
    answer,
    close: (given) => {
      open = untrack(() => open).filter((other) => other !== one);
      settle(given);
    },
  };
  open = [...untrack(() => open), one];
  return answer;
}

export function closeAll(): void {
  for (const one of untrack(() => open)) one.close(false);
}
