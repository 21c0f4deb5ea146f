// The session of this tab: restoring, signing in and out, going to another tenant or workspace.
// Kept where: the session in a cookie; its names (tenant, workspace) in sessionStorage of the tab; that there is one at all, as a word without
// a secret, in localStorage, so that a visitor who never signed in is not asked for. Calls: `tokens.ts`. Used by guards, the shell, sign-in.
import { useSyncExternalStore } from 'react';
import { problemOf } from '../api/problem';
import type { Me, SignedIn } from '../api/types';
import * as tokens from './tokens';
import type { Who } from './who';

export type SessionState =
  | { status: 'unknown' }
  /** ended: it was over, here or in another tab; left: they signed out in this tab; erased: they had their account erased in it. */
  | { status: 'out'; why?: 'ended' | 'left' | 'erased' }
  | { status: 'in'; who: Who };

const PLACE = 'tenantry.place';
const OPERATOR_TOKEN = 'tenantry.operator-token';
const KIND = 'tenantry.session';

let state: SessionState = { status: 'unknown' };
let restoring: Promise<SessionState> | null = null;
const listeners = new Set<() => void>();
const otherTabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('tenantry-session');

function set(next: SessionState): SessionState {
  state = next;
  for (const listener of listeners) listener();
  return next;
}

export const sessionState = () => state;

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): SessionState {
  return useSyncExternalStore(onSession, sessionState);
}

/** Whoever is signed in; only below a guard. */
export function useWho(): Who {
  const now = useSession();
  if (now.status !== 'in') throw new Error('nobody is signed in');
  return now.who;
}

/** Who is signed in, found out once after the page was loaded. */
export function ready(): Promise<SessionState> {
  if (state.status !== 'unknown') return Promise.resolve(state);
  restoring ??= restore().finally(() => {
    restoring = null;
  });
  return restoring;
}

async function restore(): Promise<SessionState> {
  const token = sessionStorage.getItem(OPERATOR_TOKEN);
  if (token) {
    tokens.setFixedToken(token);
    return enter();
  }
  if (!localStorage.getItem(KIND)) return set({ status: 'out' });
  const place = keptPlace();
  tokens.setPlace(place);
  try {
    return await enter();
  } catch (thrown) {
    // The tenant of this tab is not theirs any more: somewhere else they may still be somebody.
    if (!tokens.isForeignPlace(thrown)) throw thrown;
    keepPlace({});
    return enter();
  }
}

function keptPlace(): tokens.Place {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PLACE) ?? '{}');
    return typeof kept === 'object' && kept !== null ? (kept as tokens.Place) : {};
  } catch {
    return {};
  }
}

function keepPlace(place: tokens.Place) {
  sessionStorage.setItem(PLACE, JSON.stringify(place));
  tokens.setPlace(place);
}

/** Asks who the token of this tab is, and says so to everybody. */
async function enter(): Promise<SessionState> {
  const token = await tokens.accessToken();
  const me = token ? await ask(token) : null;
  if (!me) {
    forget();
    return set({ status: 'out', why: 'ended' });
  }
  const who = await describe(me);
  if (who.kind === 'member') keepNames(who.tenant, who.workspace);
  return set({ status: 'in', who });
}

/** After a sign-in the server may have chosen the place: the tab stays there. The token in hand is for it already. */
function keepNames(tenant: string, workspace: string) {
  sessionStorage.setItem(PLACE, JSON.stringify({ tenant, workspace }));
  tokens.nameThePlace({ tenant, workspace });
}

async function ask(token: string | null): Promise<Me | null> {
  const response = await fetch('/v1/me', {
    credentials: 'same-origin',
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  if (response.status === 401) return null;
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(body, response);
  return body as Me;
}

async function describe(me: Me): Promise<Who> {
  const operatorToo = localStorage.getItem(KIND) === 'operator';
  if (me.kind === 'operator') {
    if (!me.role)
      return { kind: 'operator', role: 'admin', by: 'token', memberships: [], operatorToo: false };
    // The cookie says who they are as a person, in no place: name and memberships, which an operator's token does not.
    const person = await ask(null);
    const known = person?.kind === 'user' ? person : null;
    return {
      kind: 'operator',
      role: me.role,
      by: 'cookie',
      memberships: known?.memberships ?? [],
      operatorToo: true,
      ...(me.id ? { id: me.id } : {}),
      ...(me.email ? { email: me.email } : {}),
      ...(known?.name ? { name: known.name } : {}),
    };
  }
  if (me.kind === 'member') {
    const here = me.memberships.find((one) => one.workspace_id === me.workspace_id);
    return {
      kind: 'member',
      id: me.id,
      email: me.email,
      name: me.name,
      memberships: me.memberships,
      operatorToo,
      role: me.role,
      tenant: me.tenant,
      tenantId: me.tenant_id,
      tenantName: here?.tenant_name ?? me.tenant,
      tier: me.plan_tier,
      workspace: here?.workspace ?? '',
      workspaceId: me.workspace_id,
    };
  }
  if (me.kind === 'user')
    return {
      kind: 'user',
      id: me.id,
      email: me.email,
      name: me.name,
      memberships: me.memberships,
      operatorToo,
    };
  throw new Error(`the console is for people and operators, not for ${me.kind}`);
}

function forget() {
  tokens.setFixedToken(null);
  tokens.setPlace({});
  sessionStorage.removeItem(PLACE);
  // Who came with an operator token has no cookie: another tab's session is not theirs to forget.
  if (sessionStorage.getItem(OPERATOR_TOKEN)) sessionStorage.removeItem(OPERATOR_TOKEN);
  else localStorage.removeItem(KIND);
}

export interface Credentials {
  email: string;
  password: string;
  operator: boolean;
}

/** Signs a person in. The session is a cookie: nothing secret is left where scripts could read it later. */
export async function signIn(wish: Credentials): Promise<SessionState> {
  tokens.setFixedToken(null);
  const { body } = await tokens.post('/v1/auth/login', { ...wish, cookie: true });
  sessionStorage.removeItem(OPERATOR_TOKEN);
  localStorage.setItem(KIND, wish.operator ? 'operator' : 'member');
  keepPlace({});
  tokens.hold(body as SignedIn);
  return enter();
}

/** Signs in with the operator token of the configuration. It stays in this tab, and goes with it. */
export async function signInWithToken(token: string): Promise<SessionState> {
  const me = await ask(token);
  if (me?.kind !== 'operator') return state;
  sessionStorage.setItem(OPERATOR_TOKEN, token);
  tokens.setFixedToken(token);
  return enter();
}

/** Goes to another tenant or workspace, in this tab only. `{}` is back to being an operator. */
export async function goTo(place: tokens.Place): Promise<SessionState> {
  const before = keptPlace();
  keepPlace(place);
  try {
    return await enter();
  } catch (thrown) {
    keepPlace(before);
    throw thrown;
  }
}

/** Ends the session, in every tab; an operator token is only forgotten here. */
export async function signOut(): Promise<void> {
  if (!sessionStorage.getItem(OPERATOR_TOKEN)) {
    // The cookie and its CSRF token: an access token that has expired would end nothing. Without them it is over already.
    if (tokens.csrfToken() || (await tokens.accessToken())) await tokens.post('/v1/auth/logout', {});
    otherTabs?.postMessage('out');
  }
  forget();
  set({ status: 'out', why: 'left' });
}

/** With an account its sessions have ended, in every tab. */
export function accountErased() {
  otherTabs?.postMessage('out');
  forget();
  set({ status: 'out', why: 'erased' });
}

tokens.whenSessionIsLost(() => {
  forget();
  set({ status: 'out', why: 'ended' });
});

otherTabs?.addEventListener('message', () => {
  if (state.status !== 'in' || (state.who.kind === 'operator' && state.who.by === 'token')) return;
  forget();
  set({ status: 'out', why: 'ended' });
});
