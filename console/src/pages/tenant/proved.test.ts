import { expect, it } from 'vitest';
import { aboutAll } from './proved';

const tenant = { created_at: '2026-05-01T12:00:00Z' };

it('says what the newest proof of all tenants is worth for one of them', () => {
  expect(aboutAll(tenant, { finished_at: '2026-05-01T12:00:01Z' })).toContain('is below');
  expect(aboutAll(tenant, { finished_at: '2026-05-01T11:59:59Z' })).toContain('says nothing of it');
  expect(aboutAll(tenant, null)).toContain('no report');
});
