/** The server's time on this device: every countdown is counted on it, so a wrong device clock misleads nobody. */
import { createSubscriber } from 'svelte/reactivity';

let offset = 0;

const everySecond = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export function setServerTime(time: string): void {
  offset = Date.parse(time) - Date.now();
}

/** Milliseconds since 1970 by the server's clock. Read while rendering, it renders again each second. */
export function serverNow(): number {
  everySecond();
  return Date.now() + offset;
}

/** A moment told in this device's time, in the server's. */
export const toServer = (deviceTime: number) => deviceTime + offset;

export const secondsUntil = (time: number) => Math.max(0, Math.ceil((time - serverNow()) / 1000));

/** 65 → "1:05", 4000 → "1:06:40" */
export function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (!parts[0]) parts.shift();
  return parts.map((part, i) => (i ? String(part).padStart(2, '0') : part)).join(':');
}
