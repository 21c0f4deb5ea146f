import { describe, expect, it } from 'vitest';
import { numbered, shapeOf, suggestSlug } from './slug';

describe('suggestSlug', () => {
  it.each([
    ['Acme Robotics, Inc.', 'acme-robotics-inc'],
    ['  Crème Brûlée  ', 'creme-brulee'],
    ['Straße & Söhne', 'strasse-and-sohne'],
    ["O'Neil’s", 'oneils'],
    ['北京', ''],
    ['--a--b--', 'a-b'],
  ])('makes of %j %j', (name, slug) => expect(suggestSlug(name)).toBe(slug));

  it('never suggests what has a wrong shape, except what is too short', () => {
    for (const name of ['x'.repeat(80), `${'x'.repeat(62)} y`, 'A.B.C', 'ß&ß'])
      expect(shapeOf(suggestSlug(name))).toBeUndefined();
  });
});

describe('shapeOf', () => {
  it.each(['acme', 'a-1', 'abc', 'x'.repeat(63)])('has nothing against %s', (slug) =>
    expect(shapeOf(slug)).toBeUndefined(),
  );
  it.each(['', 'ab', 'Acme', 'a b', '-abc', 'abc-', 'a--b', 'x'.repeat(64)])('refuses %j', (slug) =>
    expect(shapeOf(slug)).toBeTruthy(),
  );
});

it('numbers stay within the length', () => {
  expect(numbered('acme', 2)).toBe('acme-2');
  expect(numbered('x'.repeat(63), 12)).toHaveLength(63);
  expect(shapeOf(numbered(`${'x'.repeat(60)}-yz`, 2))).toBeUndefined();
});
