import { describe, expect, it } from 'vitest';
import { endOf } from './expiry';
import { stateOf } from './state';

const now = Date.parse('2026-05-01T12:00:00Z');

describe('stateOf', () => {
  it('is revoked before it is anything else', () => {
    expect(stateOf({ revoked_at: '2026-01-01T00:00:00Z', expires_at: '2026-02-01T00:00:00Z' }, now)).toBe(
      'revoked',
    );
  });
  it('expires in its moment', () => {
    expect(stateOf({ expires_at: '2026-05-01T12:00:00Z' }, now)).toBe('expired');
    expect(stateOf({ expires_at: '2026-05-01T12:00:01Z' }, now)).toBe('active');
    expect(stateOf({ expires_at: null }, now)).toBe('active');
  });
});

describe('endOf', () => {
  it('counts days from now', () => expect(endOf('30', '', now)).toBe('2026-05-31T12:00:00.000Z'));
  it('is nothing for ever', () => expect(endOf('never', '', now)).toBeUndefined());
  it('takes a day to its end', () => {
    expect(endOf('date', '2026-06-01', now)).toBe(new Date(2026, 5, 1, 23, 59, 59).toISOString());
  });
});
