import { expect, test } from 'vitest';
import type { Tenant } from '../../api/types';
import { changes, domainsOf, fromTenant } from './settings';

const tenant = {
  name: 'Acme',
  admin_email: 'owner@acme.example',
  allowed_domains: ['acme.example'],
  domain_join_role: 'viewer',
} as Tenant;

test('what is as it was is not sent', () => {
  const form = fromTenant(tenant);
  expect(changes(tenant, { ...form, name: ' Acme ' })).toEqual({});
  expect(changes(tenant, { ...form, name: 'Acme Inc' })).toEqual({ name: 'Acme Inc' });
});

test('domains and their role can be taken away', () => {
  const form = { ...fromTenant(tenant), allowed_domains: '', domain_join_role: '' };
  expect(changes(tenant, form)).toEqual({ allowed_domains: [], domain_join_role: null });
});

test('domains stand on lines, or between commas', () => {
  expect(domainsOf(' a.example\n\nb.example, c.example ')).toEqual(['a.example', 'b.example', 'c.example']);
});
