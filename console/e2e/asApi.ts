// The API as somebody, beside the browser: to prepare what a page shall meet, and to see what is true behind it. Used by specs.
import { expect } from '@playwright/test';
import type { Server } from './server';

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
) => Promise<{ status: number; body: any }>;

/** With an access token or an API key. */
export function withToken(server: Server, token: string): Call {
  return async (method, path, body) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        'Idempotency-Key': crypto.randomUUID(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  };
}

/** As a member of a tenant. */
export async function asMemberOf(server: Server, tenant: string, email: string): Promise<Call> {
  const { password } = server.scene.operators[0] ?? { password: '' };
  const response = await fetch(`${server.url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password, tenant }),
  });
  expect(response.status, `sign-in of ${email}`).toBe(200);
  const { access_token } = (await response.json()) as { access_token: string };
  return withToken(server, access_token);
}
