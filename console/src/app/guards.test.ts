import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../session/session';
import type { Who } from '../session/who';
import { membersOnly, safePath, signedIn } from './guards';

const session = vi.hoisted(() => ({ now: { status: 'out' } as SessionState, goTo: vi.fn() }));
vi.mock('../session/session', () => ({ ready: async () => session.now, goTo: session.goTo }));

/** Where a guard sends whoever comes; null where it lets them in. */
async function sentTo(guard: Promise<unknown>): Promise<unknown> {
  try {
    await guard;
    return null;
  } catch (thrown) {
    return (thrown as { options: unknown }).options;
  }
}

beforeEach(() => session.goTo.mockReset());
afterEach(() => {
  session.now = { status: 'out' };
});

describe('the guard of what needs a sign-in', () => {
  it('remembers where one wanted to go, also where the session ended by itself', async () => {
    expect(await sentTo(signedIn('/runs'))).toMatchObject({ to: '/sign-in', search: { to: '/runs' } });
    session.now = { status: 'out', why: 'ended' };
    expect(await sentTo(signedIn('/runs', true))).toMatchObject({ search: { to: '/runs' } });
  });

  it('forgets where one was who signed out there, and only there', async () => {
    for (const why of ['left', 'erased'] as const) {
      session.now = { status: 'out', why };
      expect(await sentTo(signedIn('/runs', true))).toMatchObject({ to: '/sign-in', search: {} });
      expect(await sentTo(signedIn('/audit'))).toMatchObject({ search: { to: '/audit' } });
    }
  });
});

describe("a tenant's own address", () => {
  const as = (who: Partial<Who>) => {
    session.now = { status: 'in', who: { memberships: [], operatorToo: false, ...who } as unknown as Who };
  };

  it('leads operators who are no members to what they see of it', async () => {
    as({ kind: 'operator', operatorToo: true });
    const seen = { to: '/tenants/$slug', params: { slug: 'acme' } };
    expect(await sentTo(membersOnly('/t/acme', 'acme'))).toMatchObject(seen);
    // Also while they work in a tenant of their own.
    as({ kind: 'member', tenant: 'globex', operatorToo: true });
    expect(await sentTo(membersOnly('/t/acme/members', 'acme'))).toMatchObject(seen);
    expect(session.goTo).not.toHaveBeenCalled();
  });

  it('leads members in, and strangers to their own home', async () => {
    as({ kind: 'member', tenant: 'acme' });
    expect(await sentTo(membersOnly('/t/acme', 'acme'))).toBeNull();
    as({ kind: 'member', tenant: 'globex' });
    expect(await sentTo(membersOnly('/t/acme', 'acme'))).toMatchObject({ href: '/t/globex' });
    as({ kind: 'operator', memberships: [{ tenant: 'acme' }] as Who['memberships'] });
    expect(await sentTo(membersOnly('/t/acme', 'acme'))).toBeNull();
    expect(session.goTo).toHaveBeenCalledWith({ tenant: 'acme' });
  });
});

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
