import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isOf, SCOPES } from './scopes';

const matrix = readFileSync('../docs/security/authz-matrix.md', 'utf8');

it('has the scopes of the policy, and no other', () => {
  const line = matrix.split('## Scopes of API keys')[1] ?? '';
  expect(SCOPES.map((scope) => scope.name)).toEqual(
    [...line.matchAll(/`([a-z:]+)`/g)].map((found) => found[1]),
  );
});

it('knows the least role of each', () => {
  for (const { name, least } of SCOPES) expect(matrix).toContain(`${least} \`${name}\``);
});

it('offers what a role can use', () => {
  const names = (role: 'viewer' | 'member' | 'admin') => SCOPES.filter((scope) => isOf(role, scope)).length;
  expect([names('viewer'), names('member'), names('admin')]).toEqual([5, 6, 7]);
});
