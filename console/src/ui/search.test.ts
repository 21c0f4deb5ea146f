import { describe, expect, it } from 'vitest';
import { flag, nextSort, oneOf, present, tableSearch, text, toggled } from './search';

describe('what a list keeps in the URL', () => {
  it('takes only sorts that the list has', () => {
    expect(tableSearch({ sort: '-slug' }, ['slug'])).toMatchObject({ sort: '-slug' });
    expect(tableSearch({ sort: 'password' }, ['slug']).sort).toBeUndefined();
    expect(tableSearch({ sort: 'slug' }).sort).toBeUndefined();
  });

  it('survives whatever somebody typed there', () => {
    expect(tableSearch({ sort: {}, cursor: ['x'], hide: null, dense: 'yes' })).toEqual({
      sort: undefined,
      cursor: undefined,
      hide: undefined,
      dense: undefined,
    });
    expect(text('  a ')).toBe('a');
    expect(text(7)).toBe('7');
    expect(text('x'.repeat(300))).toHaveLength(200);
    expect(oneOf('active', ['active', 'deleted'])).toBe('active');
    expect(oneOf('ACTIVE', ['active'])).toBeUndefined();
    expect(flag('true')).toBe(true);
  });

  it('sorts up, down, and as it came', () => {
    expect(nextSort(undefined, 'name')).toBe('name');
    expect(nextSort('name', 'name')).toBe('-name');
    expect(nextSort('-name', 'name')).toBeUndefined();
    expect(nextSort('-slug', 'name')).toBe('name');
  });

  it('hides and shows columns', () => {
    expect(toggled(undefined, 'a')).toBe('a');
    expect(toggled('a', 'b')).toBe('a,b');
    expect(toggled('a,b', 'a')).toBe('b');
    expect(toggled('b', 'b')).toBeUndefined();
  });

  it('leaves out what is empty', () => {
    expect(present({ a: undefined, b: '', c: 0, d: false })).toEqual({ c: 0, d: false });
  });
});
