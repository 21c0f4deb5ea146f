import { expect, test } from 'vitest';
import { doMany, type Outcome, tally } from './bulk';

test('a few at a time, and a failure of one stops none', async () => {
  let atOnce = 0;
  let most = 0;
  const told = new Map<number, Outcome<number>>();
  await doMany({
    items: [1, 2, 3, 4, 5, 6, 7],
    lanes: 3,
    deed: async (item) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await Promise.resolve();
      atOnce -= 1;
      if (item === 4) throw new TypeError('no network');
      return item * 10;
    },
    tell: (item, outcome) => told.set(item, outcome),
  });
  expect(most).toBe(3);
  expect(told.get(7)).toEqual({ state: 'done', value: 70 });
  expect(told.get(4)).toMatchObject({ state: 'failed', problem: { code: 'network' } });
  expect(tally([...told.values()])).toEqual({ done: 6, failed: 1, open: 0 });
});

test('each is done once, whatever the lanes', async () => {
  const done: number[] = [];
  await doMany({ items: [1, 2], lanes: 9, deed: async (item) => done.push(item), tell: () => {} });
  expect(done.sort()).toEqual([1, 2]);
});

test('what waits when it is stopped is left undone', async () => {
  const stop = new AbortController();
  const done: number[] = [];
  await doMany({
    items: [1, 2, 3],
    lanes: 1,
    deed: async (item) => {
      done.push(item);
      if (item === 2) stop.abort();
    },
    tell: () => {},
    signal: stop.signal,
  });
  expect(done).toEqual([1, 2]);
});
