// The audit viewer: filters, what changed, the chain, files, pages; for operators, and for a tenant's own admins.
import { readFile } from 'node:fs/promises';
import { ask, newTenant } from './api';
import { expect, test } from './fixtures';

test('filters are in the URL; an event tells what changed, and by which request', async ({
  page,
  asOperator,
  server,
  axe,
}) => {
  await ask(server, 'PATCH', '/v1/tenants/acme', { name: 'Acme Works' });
  await ask(server, 'PATCH', '/v1/tenants/acme', { name: 'Acme Robotics' });
  await asOperator();
  await page.goto('/audit');
  await expect(page.getByRole('row', { name: /tenant\.update/ }).first()).toBeVisible();
  await axe();
  await page.getByRole('searchbox', { name: 'Tenant slug or id' }).fill('acme');
  await page.getByRole('searchbox', { name: /^Action/ }).fill('tenant.');
  await expect(page).toHaveURL(/tenant=acme.*action=tenant\.|action=tenant\..*tenant=acme/);
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.reload();
  await expect(page.getByRole('row')).toHaveCount(4);

  const opener = page.getByRole('button', { name: 'tenant.update' }).first();
  await opener.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'tenant.update' });
  const changed = drawer.locator('[data-mark=changed]');
  await expect(changed).toContainText('name');
  await expect(changed.locator('del')).toHaveText('Acme Works');
  await expect(changed.locator('ins')).toHaveText('Acme Robotics');
  await expect(drawer.getByRole('button', { name: /Copy request id/ })).toBeVisible();
  await expect(drawer.getByRole('button', { name: 'Copy address 127.0.0.1' })).toBeVisible();
  await expect(page).toHaveURL(/event=evt_/);
  await axe();
  await page.reload();
  await expect(changed).toBeVisible();
  await drawer.getByRole('button', { name: 'Show as JSON' }).click();
  await expect(drawer.getByRole('region', { name: 'Before' })).toContainText('"Acme Works"');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/event=/);

  await page.getByRole('searchbox', { name: /^Action/ }).fill('nothing.like.this');
  await expect(page.getByText('No event matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(page.getByRole('row', { name: /user\.sign_in/ }).first()).toBeVisible();
});

test('a chain is verified, with a head to keep', async ({ page, asOperator, server, axe }) => {
  const truth = await ask<{ events: number; head: { hash: string } }>(
    server,
    'GET',
    '/v1/audit-events/verify?tenant=globex',
  );
  await asOperator();
  await page.goto('/audit?tenant=globex');
  await page.getByRole('button', { name: `globex chain verified, ${truth.events} events` }).click();
  const told = page.getByRole('dialog', { name: 'Chain verification' });
  await expect(told).toContainText('Every event in the chain of globex is as it was sealed.');
  await expect(told.getByRole('button', { name: `Copy hash ${truth.head.hash}` })).toBeVisible();
  await told.getByRole('button', { name: 'Verify all chains' }).click();
  await expect(told.getByRole('status')).toContainText(
    /\d+ chains with \d+ events: all are as they were sealed/,
  );
  await axe();
});

test('events are exported as CSV and as JSON Lines', async ({ page, asOperator }) => {
  await asOperator();
  await page.goto('/audit?tenant=initech&action=tenant.');
  await expect(page.getByRole('row')).toHaveCount(4);
  const save = async (name: RegExp) => {
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name }).click();
    const file = await saving;
    return (await readFile(await file.path(), 'utf8')).trim().split(/\r?\n/);
  };
  const lines = (await save(/JSON Lines/)).map((line) => JSON.parse(line).action);
  expect(lines).toEqual(['tenant.create', 'tenant.suspend', 'tenant.resume']);
  const rows = await save(/CSV/);
  expect(rows[0]).toContain('action');
  expect(rows.join('\n')).toContain('tenant.suspend');
});

test('pages by cursor, there and back', async ({ page, asOperator, server }) => {
  await newTenant(server, 'paged', 'Paged');
  for (let one = 0; one < 51; one += 1)
    await ask(server, 'PATCH', '/v1/tenants/paged', { name: `Paged ${one}` });
  await asOperator();
  await page.goto('/audit?tenant=paged&action=tenant.update');
  const pages = page.getByRole('navigation', { name: 'Pages of audit events' });
  await expect(page.getByRole('row')).toHaveCount(51);
  await pages.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page).toHaveURL(/cursor=/);
  await pages.getByRole('button', { name: 'Back' }).click();
  await expect(page.getByRole('row')).toHaveCount(51);
});

test('a filter that the server refuses is explained', async ({ page, asOperator, watch }) => {
  watch.allow(/status of 422/);
  await asOperator();
  await page.goto('/audit?from=soon');
  await expect(page.getByRole('alert')).toContainText('from: must be a time');
  await expect(page.getByRole('button', { name: 'Clear filters' })).toBeVisible();
});

test("a tenant's admin sees their own trail, and no other", async ({ page, asMember, axe }) => {
  await asMember('admin', 'initech');
  await page.getByRole('link', { name: 'Audit' }).click();
  await expect(page).toHaveURL('/t/initech/audit');
  await expect(page.getByRole('row', { name: /tenant\.suspend/ })).toBeVisible();
  await expect(page.getByRole('searchbox', { name: 'Tenant slug or id' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: /Your chain verified/ })).toBeVisible();
  await axe();
  await page.goto('/t/initech/audit?tenant=acme');
  await expect(page.getByRole('row', { name: /tenant\.suspend/ })).toBeVisible();
  await expect(page.getByText('Acme')).toHaveCount(0);
});

test('a member of a tenant has no trail to read', async ({ page, asMember, watch }) => {
  watch.allow(/status of 403/);
  await asMember('member', 'initech');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Audit' })).toHaveCount(0);
  await page.goto('/t/initech/audit');
  await expect(page.getByRole('alert').first()).toBeVisible();
});
