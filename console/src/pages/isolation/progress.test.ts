import { expect, it } from 'vitest';
import { inNumbers, type Proof, share } from './AtWork';

const PROOF: Proof = { layer: 'live', done: 7, of: 30, checks: 21, attempts: 0, refusals: 0, open: 0 };

it('the bar is full only at the end', () => {
  expect(share(PROOF)).toBe(23);
  expect(share({ done: 299, of: 300 })).toBe(99);
  expect(share({ done: 300, of: 300 })).toBe(100);
  expect(share({ done: 0, of: 0 })).toBe(0);
});

it('tells of attempts once there are some', () => {
  expect(inNumbers(PROOF)).toBe('21 checks, 0 open');
  expect(inNumbers({ ...PROOF, attempts: 1_204, refusals: 1_203, open: 1 })).toBe(
    '21 checks, 1,203 of 1,204 attempts refused, 1 open',
  );
});
