/** Short good news at the top of the screen; bad news stands where it happened and stays. */
let shown = $state.raw<{ id: number; text: string }[]>([]);
let next = 1;

export const toasts = () => shown;

export function toast(text: string): void {
  const id = next++;
  shown = [...shown, { id, text }];
  setTimeout(() => dismiss(id), 8000);
}

export function dismiss(id: number): void {
  shown = shown.filter((one) => one.id !== id);
}
