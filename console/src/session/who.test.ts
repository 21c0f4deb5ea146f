import { describe, expect, it } from 'vitest';
import { homeOf, may, type Who } from './who';

const operator = (role: 'auditor' | 'support' | 'admin', by: 'cookie' | 'token' = 'cookie'): Who => ({
  kind: 'operator',
  role,
  by,
  memberships: [],
  operatorToo: by === 'cookie',
});
const member = (role: 'viewer' | 'member' | 'admin' | 'owner'): Who => ({
  kind: 'member',
  role,
  tenant: 'acme',
  tenantId: 'ten_1',
  tenantName: 'Acme',
  tier: 'pro',
  workspace: 'default',
  workspaceId: 'wsp_1',
  memberships: [],
  operatorToo: false,
});
const user: Who = { kind: 'user', memberships: [], operatorToo: false };

describe('what is offered', () => {
  it('follows the role, and later roles include the earlier', () => {
    expect(may(operator('auditor'), 'ReadOperators')).toBe(true);
    expect(may(operator('support'), 'WriteOperators')).toBe(false);
    expect(may(operator('admin'), 'WriteOperators')).toBe(true);
    expect(may(member('member'), 'WriteMembers')).toBe(false);
    expect(may(member('owner'), 'WriteMembers')).toBe(true);
  });

  it('gives operators nothing of tenants and members nothing of the platform', () => {
    expect(may(operator('admin'), 'ReadMembers')).toBe(false);
    expect(may(member('owner'), 'ReadTenants')).toBe(false);
  });

  it('gives the operator token no account, and who is nowhere only theirs', () => {
    expect(may(operator('admin', 'token'), 'ManageSelf')).toBe(false);
    expect(may(operator('admin', 'token'), 'CreateTenant')).toBe(true);
    expect(may(user, 'ManageSelf')).toBe(true);
    expect(may(user, 'ReadMembers')).toBe(false);
  });

  it('begins where one works', () => {
    expect(homeOf(operator('auditor'))).toBe('/');
    expect(homeOf(member('viewer'))).toBe('/t/acme');
    expect(homeOf(user)).toBe('/choose');
  });
});
