/** Which screen is shown: the path of the address bar, nothing more. Links stay ordinary links. */
let path = $state(location.pathname);
let visits = $state(0);

export const router = {
  get path() {
    return path;
  },
  /** Grows with every change of screen, so that the new one can take the focus. */
  get visits() {
    return visits;
  },
};

/** "/users/user_…" → "user_…" */
export const userOf = (of: string): string | null => /^\/users\/([^/]+)$/.exec(of)?.[1] ?? null;

export function go(to: string, { replace = false } = {}): void {
  if (to !== location.pathname + location.search) history[replace ? 'replaceState' : 'pushState'](null, '', to);
  arrive();
}

function arrive(): void {
  path = location.pathname;
  visits += 1;
}

export function startRouter(): void {
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest('a');
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute('download') || link.origin !== location.origin || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
