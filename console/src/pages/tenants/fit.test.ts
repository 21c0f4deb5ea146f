import { expect, it } from 'vitest';
import type { TenantStatus, Tier } from '../../api/types';
import type { BulkKind } from './api';
import { whyNot } from './fit';

const why = (kind: BulkKind, status: TenantStatus, plan_tier: Tier = 'free') =>
  whyNot(kind, { status, plan_tier }, 'pro');

it('takes what the change is for', () => {
  expect(why('suspend', 'active')).toBeUndefined();
  expect(why('resume', 'suspended')).toBeUndefined();
  for (const status of ['active', 'suspended'] as const) expect(why('tier', status)).toBeUndefined();
});

it('says why it leaves one out', () => {
  expect(why('suspend', 'suspended')).toBe('Suspended already');
  expect(why('resume', 'active')).toBe('Active already');
  expect(why('tier', 'active', 'pro')).toBe('Pro already');
  for (const kind of ['suspend', 'resume', 'tier'] as const) {
    expect(why(kind, 'provisioning', 'pro')).toBe('Still being made');
    expect(why(kind, 'deleted', 'pro')).toBe('Deleted: restore it first');
  }
});
