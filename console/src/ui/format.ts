// Numbers and times as people read them. Used by `RelativeTime`, `Quantity`, columns.

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' });
const whole = new Intl.NumberFormat('en');

/** `3 minutes ago`, `in 2 days`; within 10 seconds `just now`. */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 10) return 'just now';
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return 'just now';
}

/** Date and time with seconds and zone, in the reader's own. */
export function exactTime(at: number): string {
  return exact.format(at);
}

/** Seconds are told as they pass, but not each of them. */
const SOON = 5_000;
/** A timer of a machine that slept comes late: so long it is trusted at the most. */
const LATE = 600_000;

/** Milliseconds until the text of `relativeTime` is another one. */
export function nextChange(at: number, now: number): number {
  const away = Math.abs(at - now);
  const size = (UNITS.find(([, seconds]) => away >= seconds * 1000)?.[1] ?? 1) * 1000;
  if (size < 60_000) return SOON;
  // What is past grows to the next whole unit, what is to come shrinks below this one; a second more, for what rounding makes of it.
  const left = at < now ? size - (away % size) : away % size;
  return Math.min(LATE, left + 1_000);
}

/** `12 ms`, `1.4 s`, `2 min 5 s`, `3 h 10 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return '< 1 ms';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return pair(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** `0 B`, `840 kB`, `1.2 MB`: decimal units, as limits are told. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit]}`;
}

/** `5,000`. */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 tenant`, `5,000 tenants`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** `needs_attention` as `needs attention`; a word of the API as people write it. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** The first letter large, the rest as it is. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
