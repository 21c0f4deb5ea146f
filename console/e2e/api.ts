// The API from outside the browser, as the operator token: what a test needs to be there. Used by specs.
import { randomUUID } from 'node:crypto';
import type { Server } from './server';

/** The answer's body; throws what is not 2xx. */
export async function ask<Body = Record<string, unknown>>(
  server: Pick<Server, 'url' | 'operator_token'>,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Body> {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${server.operator_token}`,
      'Content-Type': 'application/json',
      ...(method === 'POST' ? { 'Idempotency-Key': randomUUID() } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as Body;
}

/** Until nothing is at work on the tenant any more. */
export async function settled(server: Server, slug: string): Promise<void> {
  for (;;) {
    const { status } = await ask<{ status: string }>(server, 'GET', `/v1/tenants/${slug}/status`);
    if (!['pending', 'running', 'rolling_back'].includes(status)) return;
  }
}

/** A tenant of the test's own. */
export async function newTenant(server: Server, slug: string, name: string): Promise<void> {
  await ask(server, 'POST', '/v1/tenants', {
    slug,
    name,
    admin_email: `owner@${slug}.example`,
    plan_tier: 'starter',
  });
  await settled(server, slug);
}
