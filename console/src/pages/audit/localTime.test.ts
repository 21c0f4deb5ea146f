import { expect, test } from 'vitest';
import { fromLocal, toLocal } from './localTime';

test('a time comes back as it was', () => {
  const at = '2026-03-04T12:30:05.000Z';
  expect(fromLocal(toLocal(at))).toBe(at);
});

test('nothing, and what is no time, is nothing', () => {
  expect([toLocal(undefined), toLocal('soon'), fromLocal(''), fromLocal('soon')]).toEqual([
    '',
    '',
    undefined,
    undefined,
  ]);
});
