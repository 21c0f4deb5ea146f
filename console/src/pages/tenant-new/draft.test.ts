import { expect, it } from 'vitest';
import { forgetDraft, keepDraft, openDraft } from './draft';
import { alike, estimate } from './estimate';
import { EMPTY } from './values';

it('one wish keeps one key, through a reload', () => {
  const draft = openDraft('usr_1');
  keepDraft({ ...draft, values: { ...EMPTY, name: 'Acme' } });
  const again = openDraft('usr_1');
  expect(again.key).toBe(draft.key);
  expect(again.values.name).toBe('Acme');
});

it('another wish, or somebody else, begins anew', () => {
  const draft = openDraft('usr_1');
  expect(openDraft('usr_2').key).not.toBe(draft.key);
  const other = openDraft('usr_2');
  forgetDraft();
  expect(openDraft('usr_2').key).not.toBe(other.key);
});

it('what cannot be read is no draft', () => {
  sessionStorage.setItem('tenantry.new-tenant', '{');
  expect(openDraft('usr_1').values).toEqual(EMPTY);
});

it('looks at those that were made the same way, where there are any', () => {
  const made = (place: string, ...more: 'demo_data'[]) => ({
    steps: [{ name: 'place' as const, detail: place }, ...more.map((name) => ({ name, detail: null }))],
  });
  const [warm, cold, demo] = [
    made('warm slot'),
    made('schema and roles made'),
    made('warm slot', 'demo_data'),
  ];
  const all = [warm, cold, demo];
  expect(alike(all, true, false)).toEqual([warm]);
  expect(alike(all, false, false)).toEqual([cold]);
  expect(alike(all, true, true)).toEqual([demo]);
  expect(alike(all, false, true)).toEqual(all);
});

it('estimates by the middle of what the last ones took', () => {
  expect(estimate([])).toBeNull();
  expect(estimate([{ duration_ms: 40 }])).toBe('About 40 ms, as the last one took');
  expect(
    estimate([{ duration_ms: 90_000 }, { duration_ms: 40 }, { duration_ms: null }, { duration_ms: 60 }]),
  ).toBe('About 60 ms; the longest of the last 3 took 1 min 30 s');
});
