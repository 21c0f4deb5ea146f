// The typed client. Every request of the console goes through here; every failure leaves as a `Problem`.
// Calls: `session/tokens.ts` for the access token. Used by pages (`api`, `call`), `live.ts` (`authorisedFetch`).
import createClient, { type FetchResponse } from 'openapi-fetch';
import { accessToken, forgetToken, sessionLost } from '../session/tokens';
import { asProblem, Problem, problemOf } from './problem';
import type { paths } from './schema';

async function withToken(request: Request): Promise<Response> {
  const token = await accessToken();
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  return fetch(request);
}

/** As `fetch`, as whoever is signed in. A refused token is renewed once; then the session counts as over. */
export async function authorisedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await withToken(request);
  if (response.status !== 401) return response;
  forgetToken();
  const second = await withToken(again);
  if (second.status === 401) sessionLost();
  return second;
}

const origin = globalThis.location?.origin ?? '';

/** Requests of whoever is signed in. */
export const api = createClient<paths>({ baseUrl: origin, fetch: authorisedFetch });

type Answer = FetchResponse<Record<string | number, unknown>, unknown, `${string}/${string}`>;

/** The body of an answer; throws a `Problem` for everything else. */
export async function call<A extends Pick<Answer, 'response'> & { data?: unknown; error?: unknown }>(
  pending: Promise<A>,
): Promise<Exclude<A['data'], undefined>> {
  let answer: A;
  try {
    answer = await pending;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw asProblem(thrown instanceof SyntaxError ? unreadable() : thrown);
  }
  if (!answer.response.ok) throw problemOf(answer.error, answer.response);
  return answer.data as Exclude<A['data'], undefined>;
}

function unreadable(): Problem {
  return new Problem({
    code: 'unreadable_answer',
    title: 'The answer could not be read',
    detail: 'The server answered with something that is not what its documentation says.',
    status: 0,
    errors: [],
    nextSteps: ['Load the page again: the server may be newer than this page.'],
  });
}

/** The same header twice means the same wish: make one per intent (when a form or a dialog opens), and keep it for every retry. */
export function idempotencyKey(): string {
  return crypto.randomUUID();
}

/** The header of a wish. */
export function once(key: string): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': key };
}

/** The header that refuses a change of what somebody else has changed in the meantime. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}
