import { describe, expect, it } from 'vitest';
import { bytes, counted, duration, nextChange, relativeTime, sentence, words } from './format';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const SECOND = 1000;
const DAY = 86_400 * SECOND;

describe('what people read', () => {
  it.each([
    [0, 'just now'],
    [-9 * SECOND, 'just now'],
    [-30 * SECOND, '30 seconds ago'],
    [-90 * SECOND, '1 minute ago'],
    [-119 * 60 * SECOND, '1 hour ago'],
    [-DAY, 'yesterday'],
    [3 * DAY, 'in 3 days'],
    [-400 * DAY, 'last year'],
  ])('a time %d ms away', (away, text) => {
    expect(relativeTime(NOW + away, NOW)).toBe(text);
  });

  it('looks again sooner where the text changes sooner', () => {
    expect(nextChange(NOW, NOW)).toBeLessThan(nextChange(NOW - 5 * 60 * SECOND, NOW));
    expect(nextChange(NOW - 5 * 60 * SECOND, NOW)).toBeLessThan(nextChange(NOW - DAY, NOW));
  });

  it.each([-61, -90, -119, -3_599, -3_601, -7_100, 61, 90, 120, 3_601])(
    'looks again within two seconds of the change, %d s away',
    (seconds) => {
      const at = NOW + seconds * SECOND;
      const next = NOW + nextChange(at, NOW);
      expect(next).toBeGreaterThan(NOW);
      if (next - NOW === 600_000) return expect(relativeTime(at, next)).toBe(relativeTime(at, NOW));
      expect(relativeTime(at, next)).not.toBe(relativeTime(at, NOW));
      expect(relativeTime(at, Math.max(NOW, next - 2 * SECOND))).toBe(relativeTime(at, NOW));
    },
  );

  it.each([
    [0.4, '< 1 ms'],
    [12.4, '12 ms'],
    [1430, '1.4 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [11_400_000, '3 h 10 min'],
  ])('%d ms', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1_240_000, '1.2 MB'],
    [999_960, '1 MB'],
    [123_400_000_000, '123 GB'],
  ])('%d bytes', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it('counts with the right word', () => {
    expect(counted(1, 'tenant')).toBe('1 tenant');
    expect(counted(5000, 'tenant')).toBe('5,000 tenants');
    expect(counted(0, 'entry', 'entries')).toBe('0 entries');
  });

  it('turns words of the API into words', () => {
    expect(sentence(words('needs_attention'))).toBe('Needs attention');
  });
});
