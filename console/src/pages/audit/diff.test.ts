import { expect, test } from 'vitest';
import { diff, leaves, shown } from './diff';

test('leaves have their paths', () => {
  expect([...leaves({ a: { b: [1, { c: null }] }, d: [], e: {} })]).toEqual([
    ['a.b[0]', 1],
    ['a.b[1].c', null],
    ['d', []],
    ['e', {}],
  ]);
});

test('what changed stands first, what stayed last', () => {
  const rows = diff(
    { name: 'Acme', tier: 'free', gone: true, kept: 1 },
    { name: 'Acme Inc', tier: 'free', kept: 1, fresh: [] },
  );
  expect(rows.map((row) => [row.path, row.mark])).toEqual([
    ['name', 'changed'],
    ['gone', 'removed'],
    ['fresh', 'added'],
    ['kept', 'same'],
    ['tier', 'same'],
  ]);
  expect(rows[0]).toMatchObject({ before: 'Acme', after: 'Acme Inc' });
});

test('without a before all is added, without an after all is removed', () => {
  expect(diff(null, { a: 1 })).toEqual([{ path: 'a', mark: 'added', after: 1 }]);
  expect(diff({ a: 1 }, undefined)).toEqual([{ path: 'a', mark: 'removed', before: 1 }]);
  expect(diff(null, null)).toEqual([]);
});

test('a value that became a list is told as both', () => {
  expect(diff({ a: 1 }, { a: [2] }).map((row) => `${row.mark} ${row.path}`)).toEqual([
    'removed a',
    'added a[0]',
  ]);
});

test('values are readable', () => {
  expect([shown('x'), shown(''), shown(null), shown(3), shown([])]).toEqual(['x', '""', 'null', '3', '[]']);
});
