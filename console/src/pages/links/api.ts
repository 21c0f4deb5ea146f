// What the pages behind links do. A visitor sends no cookie and no token: a session that is over must not refuse who has a good link.
// Used by the pages of links.
import createClient from 'openapi-fetch';
import { api, call } from '../../api/client';
import type { paths } from '../../api/schema';
import type { Shape } from '../../api/types';
import { sessionState } from '../../session/session';

const visitor = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', credentials: 'omit' });

/** Whether somebody is signed in as a person: the operator token is nobody. */
export function isPerson(): boolean {
  const now = sessionState();
  return now.status === 'in' && !(now.who.kind === 'operator' && now.who.by === 'token');
}

const asWhoever = () => (isPerson() ? api : visitor);

/** What the link opens, for whoever holds it. */
export function previewInvitation(token: string, signal: AbortSignal) {
  return call(visitor.POST('/v1/auth/preview-invitation', { body: { token }, signal }));
}

export function acceptInvitation(body: Shape<'AcceptInvitation'>) {
  return call(asWhoever().POST('/v1/auth/accept-invitation', { body }));
}

export function askForReset(email: string) {
  return call(visitor.POST('/v1/auth/password-reset', { body: { email } }));
}

export function setPassword(token: string, password: string) {
  return call(visitor.POST('/v1/auth/password-reset', { body: { token, password } }));
}

export function proveAddress(token: string) {
  return call(visitor.POST('/v1/auth/verify-email', { body: { token } }));
}

/** Who is signed in becomes a member; whoever else is told one sentence, whatever comes of it. */
export function join(body: Shape<'Join'>): Promise<Shape<'NewMembership'> | Shape<'JoinAsked'>> {
  return call(asWhoever().POST('/v1/auth/join', { body }));
}
