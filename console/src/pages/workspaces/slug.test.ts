import { expect, it } from 'vitest';
import { slugOf } from './slug';

it('makes of a name what the API takes', () => {
  expect(slugOf('Équipe Nord!')).toBe('equipe-nord');
  expect(slugOf('  R & D  ')).toBe('r-d');
  expect(slugOf('北')).toBe('');
  expect(slugOf(`${'a'.repeat(62)} b`)).toBe('a'.repeat(62));
});
