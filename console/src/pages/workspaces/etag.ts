// The version of a workspace: when it last changed, in microseconds. Used by `api.ts`.

/** Microseconds since 1970 of a time as the API writes it; dates of JavaScript end at milliseconds. */
export function microseconds(time: string): number {
  const digits = /\.(\d+)/.exec(time)?.[1] ?? '';
  return Date.parse(time) * 1000 + Number(digits.padEnd(6, '0').slice(3, 6));
}
