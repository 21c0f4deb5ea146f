import { describe, expect, it } from 'vitest';
import { microseconds } from './etag';

describe('microseconds', () => {
  it('keeps what a date of JavaScript loses', () => {
    expect(microseconds('2026-03-01T12:00:00.123456Z')).toBe(
      Date.UTC(2026, 2, 1, 12, 0, 0, 123) * 1000 + 456,
    );
  });
  it('takes shorter fractions, and none', () => {
    const whole = Date.UTC(2026, 2, 1, 12) * 1000;
    expect(microseconds('2026-03-01T12:00:00Z')).toBe(whole);
    expect(microseconds('2026-03-01T12:00:00.5Z')).toBe(whole + 500_000);
    expect(microseconds('2026-03-01T12:00:00.0007Z')).toBe(whole + 700);
  });
});
