// Access tokens: in memory, of this tab only, renewed before they end, one renewal at a time, tabs in turn.
// The session itself is a cookie that scripts cannot read. Calls: `POST /v1/auth/refresh`. Used by `api/client.ts`, `session.ts`.
import { asProblem, Problem, problemOf } from '../api/problem';
import type { SignedIn } from '../api/types';

/** Where this tab works. Names only, nothing secret: kept in sessionStorage by `session.ts`. */
export interface Place {
  tenant?: string;
  workspace?: string;
}

interface Held {
  token: string;
  /** In the clock of `Date.now`; none for the operator token of the configuration. */
  endsAt: number;
  /** Sends with the cookie alone, such as a sign-out. */
  csrf: string | null;
}

/** Renewed so long before its end. */
const MARGIN = 60_000;

let held: Held | null = null;
let place: Place = {};
let fixed: string | null = null;
let renewing: Promise<string | null> | null = null;
let onLost: () => void = () => {};

/** Who is told when the session turns out to be over. */
export function whenSessionIsLost(listener: () => void) {
  onLost = listener;
}

export function sessionLost() {
  onLost();
}

/** From now on this tab is here; what was held for another place is forgotten. */
export function setPlace(next: Place) {
  place = next;
  held = null;
}

/** Says where the token in hand is for: the next one will be for the same. */
export function nameThePlace(next: Place) {
  place = next;
}

/** The operator token of the configuration instead of a session; null ends that. */
export function setFixedToken(token: string | null) {
  fixed = token;
  held = null;
}

export function forgetToken() {
  held = null;
}

export function csrfToken(): string | null {
  return held?.csrf ?? null;
}

/** Takes over what a sign-in or a refresh answered. */
export function hold(answer: SignedIn) {
  held = {
    token: answer.access_token,
    endsAt: Date.now() + answer.expires_in * 1000,
    csrf: answer.csrf_token ?? null,
  };
}

/** A token that still holds for a while; null where nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  if (fixed) return fixed;
  if (held && held.endsAt - Date.now() > MARGIN) return held.token;
  renewing ??= inTurn(renew).finally(() => {
    renewing = null;
  });
  return renewing;
}

/** One tab after the other: a session that two tabs renew at once must not be taken for a stolen one. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request('tenantry-refresh', work) : work();
}

async function renew(): Promise<string | null> {
  const answer = await refresh(place);
  if (!answer) return null;
  hold(answer);
  return answer.access_token;
}

/** Tokens for a place by the session's cookie; null where the session is over. */
export async function refresh(wish: Place): Promise<SignedIn | null> {
  const response = await post('/v1/auth/refresh', wish);
  if (response.status === 401) return null;
  return response.body as SignedIn;
}

/** A request of the sign-in itself: no access token, the cookie alone. Throws what is not 2xx, except 401 of a refresh. */
export async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        'Content-Type': 'application/json',
        ...(held?.csrf ? { 'X-CSRF-Token': held.csrf } : {}),
      },
      body: JSON.stringify(body),
    });
  } catch (thrown) {
    throw asProblem(thrown);
  }
  const told: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) {
    if (response.status === 200 && told === null) throw problemOf(null, response);
    return { status: response.status, body: told };
  }
  if (response.status === 401 && path.endsWith('/refresh')) return { status: 401, body: told };
  throw problemOf(told, response);
}

/** True where a thrown thing says that the place is not the person's (any more). */
export function isForeignPlace(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.code === 'tenant_inactive';
}
