// What the shell does beside every page: it hears what happens, and it leads where an address means.
import { ask } from './api';
import { withToken } from './asApi';
import { expect, test } from './fixtures';

test('what somebody else changes of a tenant shows by itself', async ({ page, server, asOperator }) => {
  await asOperator('auditor');
  await page.goto('/tenants');
  await expect(page.getByRole('row', { name: /Globex/ })).toBeVisible();
  await expect(page.locator('[data-live=live]')).toHaveText(/Live/);
  await ask(server, 'PATCH', '/v1/tenants/globex', { name: 'Globex Renamed' });
  await expect(page.getByRole('row', { name: /Globex Renamed/ })).toBeVisible();
  await page.getByRole('link', { name: 'Globex Renamed' }).click();
  await ask(server, 'PATCH', '/v1/tenants/globex', { name: 'Globex' });
  await expect(page.getByRole('heading', { name: 'Globex', level: 1, exact: true })).toBeVisible();
});

test('what happened between the first look and the opening of the stream shows, too', async ({
  page,
  server,
  asOperator,
}) => {
  await asOperator('auditor');
  let letOpen = () => {};
  const mayOpen = new Promise<void>((resolve) => {
    letOpen = resolve;
  });
  await page.route('**/v1/events', async (route) => {
    await mayOpen;
    await route.continue();
  });
  await page.goto('/tenants');
  await expect(page.getByRole('row', { name: /Initech/ })).toBeVisible();
  await ask(server, 'PATCH', '/v1/tenants/initech', { name: 'Initech Meanwhile' });
  // Once it is sealed, the stream begins behind it.
  await expect(async () => {
    const { items } = await ask<{ items: { sealed: boolean }[] }>(
      server,
      'GET',
      '/v1/audit-events?tenant=initech&action=tenant.update&limit=1',
    );
    expect(items[0]?.sealed).toBe(true);
  }).toPass();
  letOpen();
  await expect(page.locator('[data-live=live]')).toHaveText(/Live/);
  await expect(page.getByRole('row', { name: /Initech Meanwhile/ })).toBeVisible();
  // A tip can be pointed at.
  await page.locator('[data-live=live]').hover();
  await page.getByRole('tooltip', { name: 'This page follows what happens.' }).hover();
});

test("a tenant's admin hears their own trail; who may not read it has no stream", async ({
  page,
  server,
  asMember,
}) => {
  await asMember('admin', 'initech');
  await page.goto('/t/initech/audit?action=agent.');
  await expect(page.locator('[data-live=live]')).toHaveText(/Live/);
  const before = await page.getByRole('row', { name: /agent\.create/ }).count();
  const key = server.scene.tenants.find(({ slug }) => slug === 'initech')?.api_key ?? '';
  const made = await withToken(server, key)('POST', '/v1/agents', { name: 'Heard', role: 'researcher' });
  expect(made.status).toBe(201);
  await expect(page.getByRole('row', { name: /agent\.create/ })).toHaveCount(before + 1);

  const streams: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/v1/events')) streams.push(request.url());
  });
  await asMember('member', 'initech');
  await expect(page.getByRole('heading', { name: 'Initech', level: 1 })).toBeVisible();
  await expect(page.locator('[data-live]')).toHaveCount(0);
  expect(streams).toEqual([]);
});

test("a tenant's own address leads an operator to what they see of it", async ({
  page,
  server,
  asOperator,
}) => {
  const { console_url } = await ask<{ console_url: string }>(server, 'GET', '/v1/tenants/acme');
  const { pathname } = new URL(console_url);
  expect(pathname).toBe('/t/acme');
  await asOperator('support');
  await page.goto(pathname);
  await expect(page).toHaveURL(/\/tenants\/acme$/);
  await expect(page.getByRole('heading', { name: 'Acme Robotics', level: 1 })).toBeVisible();
});

test('who signs out leaves no address behind; a link is remembered', async ({ page, asOperator }) => {
  await asOperator('auditor');
  await page.goto('/runs?failed=true');
  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in$/);
  await page.goto('/audit?tenant=acme');
  await expect(page).toHaveURL(/\/sign-in\?to=/);
});

test('with reduced motion nothing passes from one look to another', async ({ page, asOperator }) => {
  await asOperator('auditor');
  await expect(page.getByRole('region', { name: 'Fleet' })).toBeVisible();
  const passing = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter(
          (one) => !/^0s(, 0s)*$/.test(getComputedStyle(one).transitionDuration),
        ).length,
    );
  expect(await passing()).toBe(0);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect(await passing()).toBeGreaterThan(0);
});
