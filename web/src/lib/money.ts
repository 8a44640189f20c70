/** Money as the server counts it, in millionths of one currency, and the months (UTC) that it is counted by. */

/** 7900 → "$0.0079": a text costs less than the smallest coin, so what is not whole coins of it shows four digits. */
export function money(micros: number, currency: string, locale: string): string {
  const amount = micros / 1e6;
  const plain = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = plain.resolvedOptions().maximumFractionDigits ?? 2;
  const coin = 10 ** (6 - digits);
  if (Math.abs(amount) >= 1 || micros % coin === 0 || digits > 4) return plain.format(amount);
  return new Intl.NumberFormat(locale, { style: 'currency', currency, minimumFractionDigits: 4 }).format(amount);
}

/** Parts of a whole in per cent; never "100 %" or "0 %" for what is only nearly that. */
export function share(part: number, whole: number, locale: string): string {
  const percent = (100 * part) / whole;
  const rounded = percent > 99 && percent < 100 ? 99 : percent > 0 && percent < 1 ? 1 : Math.round(percent);
  return new Intl.NumberFormat(locale, { style: 'percent' }).format(rounded / 100);
}

/** "2026-11" and -1 → "2026-10" */
export function monthAfter(month: string, by: number): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

export const monthOf = (time: number) => new Date(time).toISOString().slice(0, 7);

/** All days of a month: "2026-11-01" … "2026-11-30" */
export function daysOf(month: string): string[] {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: last }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`);
}

/** The top of an axis: a round number that is not below any bar, and its half is as round. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= value * 0.999_999) ?? value;
}
