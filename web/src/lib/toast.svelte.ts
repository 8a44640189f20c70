/** Short news at the top of the screen, mostly good: bad news stands where it happened, if there is such a place. */
let shown = $state.raw<{ id: number; text: string; bad: boolean }[]>([]);
let next = 1;

export const toasts = () => shown;

export function toast(text: string, { bad = false } = {}): void {
  const id = next++;
  shown = [...shown, { id, text, bad }];
  setTimeout(() => dismiss(id), 8000);
}

export function dismiss(id: number): void {
  shown = shown.filter((one) => one.id !== id);
}
