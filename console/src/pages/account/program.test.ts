import { expect, it } from 'vitest';
import { programOf } from './program';

it('knows browsers, and takes the first word of others', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
  expect(programOf(chrome)).toBe('Chrome on Linux');
  expect(programOf(`${chrome} Edg/140.0.0.0`)).toBe('Edge on Linux');
  expect(
    programOf(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1',
    ),
  ).toBe('Safari on iOS');
  expect(programOf('tenantry-cli/0.1.0')).toBe('tenantry-cli');
  expect(programOf(null)).toBe('Unknown program');
});
