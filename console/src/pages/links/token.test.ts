import { expect, it } from 'vitest';
import { tokenIn } from './token';

it('finds the token of a link', () => {
  expect(tokenIn('#token=abc_-1')).toBe('abc_-1');
  expect(tokenIn('#other=1&token=abc')).toBe('abc');
  for (const hash of ['', '#', '#token=', '#token=%20', '#tok=abc'])
    expect(tokenIn(hash), hash).toBeUndefined();
});
