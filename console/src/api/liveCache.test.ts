import { describe, expect, it } from 'vitest';
import { keys } from './keys';
import { staleAfter } from './liveCache';

const deed = (action: string) => staleAfter({ kind: 'audit', data: { action } });

describe('what an event makes stale', () => {
  it('is the trail and, where a tenant was changed, tenants and the overview: a change has no event of its own', () => {
    for (const action of ['tenant.update', 'tenant.create', 'tenant.purge'])
      expect(deed(action)).toEqual([keys.audit, keys.tenants, keys.overview]);
  });

  it('is the trail alone for every other deed', () => {
    expect(deed('user.sign_in')).toEqual([keys.audit]);
    expect(deed('member.create')).toEqual([keys.audit]);
  });

  it('follows runs, and is nothing for a kind that is unknown', () => {
    expect(staleAfter({ kind: 'run', data: {} })).toContainEqual(keys.tenants);
    expect(staleAfter({ kind: 'weather', data: {} })).toEqual([]);
  });
});
