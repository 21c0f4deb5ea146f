import { expect, test } from 'vitest';
import type { Run } from '../../api/types';
import type { Who } from '../../session/who';
import { canRollBack, lifeKinds } from './life';

const operator = (role: 'auditor' | 'support' | 'admin'): Who => ({
  kind: 'operator',
  role,
  by: 'cookie',
  memberships: [],
  operatorToo: true,
});
const now = Date.parse('2026-03-04T12:00:00Z');
const run = (change: Partial<Run>): Run => ({
  id: 'run_1',
  kind: 'create',
  tenant_id: 'ten_1',
  tenant_slug: 'acme',
  status: 'succeeded',
  steps: [],
  created_at: '2026-03-04T10:00:00Z',
  finished_at: '2026-03-04T10:00:01Z',
  ...change,
});

test.each([
  ['admin', 'active', ['suspend', 'delete']],
  ['admin', 'suspended', ['resume', 'delete']],
  ['admin', 'deleted', ['restore', 'purge']],
  ['admin', 'provisioning', []],
  ['support', 'active', ['suspend']],
  ['support', 'deleted', []],
  ['auditor', 'active', []],
] as const)('%s, %s: %j', (role, status, kinds) => {
  expect(lifeKinds(operator(role), status, undefined, now)).toEqual(kinds);
});

test('a run that made a tenant is rolled back within a day of its end', () => {
  expect(canRollBack(run({}), now)).toBe(true);
  expect(canRollBack(run({ finished_at: '2026-03-03T11:59:00Z' }), now)).toBe(false);
  expect(canRollBack(run({ kind: 'suspend' }), now)).toBe(false);
  expect(canRollBack(run({ kind: 'suspend', status: 'needs_attention' }), now)).toBe(true);
  expect(canRollBack(run({ status: 'rolled_back' }), now)).toBe(false);
  expect(lifeKinds(operator('admin'), 'active', run({}), now)).toEqual(['suspend', 'rollback', 'delete']);
});
