import { expect, test } from 'vitest';
import type { Shape, TierTerms } from '../api/types';
import { differences, limitRows, ownLimits, price, tenantLimits } from './limits';

const FREE: Shape<'Limits'> = {
  agent_minutes_per_month: 1000,
  api_calls_per_hour: 100,
  concurrent_tasks: 1,
  workspaces: 1,
  workspace_members: 1,
  agents: 10,
  tasks_per_month: 1000,
  storage_gb: 1,
  queue_priority: 0,
};
const MORE: Shape<'Limits'> = { ...FREE, workspaces: 3, agents: 0, storage_gb: null };

test('null is unlimited, and zero is a number', () => {
  const rows = new Map(limitRows(MORE));
  expect([rows.get('Storage'), rows.get('Agents'), rows.get('Members')]).toEqual([
    'Unlimited',
    '0',
    '1 in each workspace',
  ]);
});

test('what another tier changes says which way', () => {
  expect(differences(FREE, MORE, new Set())).toEqual([
    { name: 'Workspaces', now: '1', later: '3', less: false },
    { name: 'Agents', now: '10', later: '0', less: true },
    { name: 'Storage', now: '1 GB', later: 'Unlimited', less: false },
  ]);
  expect(differences(MORE, FREE, new Set()).map(({ less }) => less)).toEqual([true, false, true]);
});

test('numbers of its own stay whatever the tier', () => {
  const own = ownLimits({ max_agents: 0, storage_limit_gb: null });
  expect([...own]).toEqual(['agents']);
  expect(differences(FREE, MORE, own).map(({ name }) => name)).toEqual(['Workspaces', 'Storage']);
});

test("a tenant's limits say which are its own, and what its tier would allow instead", () => {
  const tenant = { max_agents: 7, storage_limit_gb: 0, limits: { ...MORE, agents: 7, storage_gb: 0 } };
  const own = tenantLimits(tenant, MORE).filter((limit) => limit.own);
  expect(own).toEqual([
    { name: 'Agents', most: '7', own: true, ofTier: '0' },
    { name: 'Storage', most: '0 GB', own: true, ofTier: 'Unlimited' },
  ]);
  expect(tenantLimits({ limits: MORE }).some((limit) => limit.own || limit.ofTier)).toBe(false);
});

test('prices are told with what they are for', () => {
  const terms = (price_usd_per_month: string | null) => ({ price_usd_per_month }) as TierTerms;
  expect([terms('49.00'), terms('12.50'), terms(null)].map(price)).toEqual([
    '$49 a month',
    '$12.50 a month',
    'Price by agreement',
  ]);
});
