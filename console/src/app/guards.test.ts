import { describe, expect, it } from 'vitest';
import { safePath } from './guards';

describe('where a sign-in leads back to', () => {
  it.each(['/operators?dense=true', '/t/acme'])('is a page of this console: %s', (path) => {
    expect(safePath(path)).toBe(path);
  });

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'operators',
    '/sign-in?to=/',
    7,
    undefined,
  ])('is never a page of others: %s', (path) => {
    expect(safePath(path)).toBeUndefined();
  });
});
