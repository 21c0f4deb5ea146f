// How long a new key lives. Pure; used by `MakeDialog`.

const DAY = 86_400_000;

export const LIVES: [string, string][] = [
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  ['date', 'On a day of your choice'],
  ['never', 'Never'],
];

/** The end as the API takes it; nothing is for ever. A day counts to its end, in the reader's zone. */
export function endOf(life: string, day: string, now: number): string | undefined {
  if (life === 'never') return undefined;
  if (life === 'date') return new Date(`${day}T23:59:59`).toISOString();
  return new Date(now + Number(life) * DAY).toISOString();
}
