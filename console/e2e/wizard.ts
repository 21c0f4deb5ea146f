// The wizard as a person goes through it, and faults of the server's control port. Used by the specs of wizard, runs and Home.
import { expect, type Page } from '@playwright/test';
import { enter } from './fixtures';
import type { OperatorRole, Server } from './server';

/** A page of an operator, without the detour over Home. */
export async function openAs(page: Page, server: Server, path: string, role: OperatorRole = 'admin') {
  const person = server.scene.operators.find((one) => one.role === role);
  if (!person) throw new Error(`nobody is ${role}`);
  await enter(page, person, true);
  await page.goto(path);
}

/** Makes runs fail or wait at a point, such as `create.verify.before`. */
export async function fault(server: Server, point: string, does: 'fail' | 'hold') {
  const answer = await fetch(`${server.control_url}/faults`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ point, does }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** Takes all faults away; whoever waits goes on. */
export async function noFaults(server: Server) {
  await fetch(`${server.control_url}/faults`, { method: 'DELETE' });
}

/** A request of the operator token, beside the browser. */
export async function ask<Answer>(server: Server, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${server.operator_token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as Answer;
}

export interface Found {
  items: { id: string; kind: string; status: string }[];
}

/** All runs of a tenant. */
export const runsOf = (server: Server, slug: string) =>
  ask<Found>(server, `/v1/provisioning-runs?tenant=${slug}`).then(({ items }) => items);

export const next = (page: Page) => page.getByRole('button', { name: 'Next' }).click();
export const step = (page: Page, title: string) =>
  expect(page.getByRole('heading', { name: title })).toBeVisible();
export const make = (page: Page, slug: string) =>
  page.getByRole('button', { name: `Make ${slug}`, exact: true });

/** To the review, with a name that is the slug. */
export async function toReview(page: Page, slug: string) {
  await page.getByLabel('Name').fill(slug);
  await expect(page.getByText(`${slug} is free.`)).toBeVisible();
  await next(page);
  await step(page, 'Which plan?');
  await page.getByText('Pro', { exact: true }).click();
  await next(page);
  await step(page, 'Who gets in?');
  await page.getByLabel('E-mail of the owner').fill(`ops@${slug}.example`);
  await next(page);
  await step(page, 'All as it should be?');
}
