// The list of tenants: found, sorted and shown by the URL, many changed at once, exported.
import { readFile } from 'node:fs/promises';
import { ask, newTenant, settled } from './api';
import { expect, test } from './fixtures';

// A server of its own: what others make would be in its list.
test.use({ serverArgs: ['--slots=3'] });

test('filter, sort, columns and density are in the URL, and survive a reload', async ({
  page,
  asOperator,
  axe,
}) => {
  await asOperator();
  await page.goto('/tenants');
  const rows = page.getByRole('row');
  await expect(rows).toHaveCount(4);
  await expect(page.getByRole('row', { name: /Acme Robotics/ })).toContainText('Active');
  await axe();

  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await expect(page).toHaveURL(/sort=name/);
  await expect(rows.nth(1)).toContainText('Acme Robotics');
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await expect(page).toHaveURL(/sort=-name/);
  await expect(rows.nth(1)).toContainText('Initech');

  await page.getByLabel('Tier').selectOption('pro');
  await expect(rows).toHaveCount(3);
  await page.getByRole('searchbox', { name: 'Name, slug or email' }).fill('acm');
  await expect(rows).toHaveCount(2);
  await page.getByRole('button', { name: 'Compact rows' }).click();
  await expect(page).toHaveURL(/dense=true/);
  await page.reload();
  await expect(rows).toHaveCount(2);
  await expect(page.getByRole('searchbox', { name: 'Name, slug or email' })).toHaveValue('acm');
  await expect(page.getByLabel('Tier')).toHaveValue('pro');

  await page.getByRole('searchbox', { name: 'Name, slug or email' }).fill('nobody at all');
  await expect(page.getByText('No tenant matches')).toBeVisible();
  await axe();
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(rows).toHaveCount(4);
  await expect(page).not.toHaveURL(/plan_tier|q=/);
});

test('by keyboard: find, sort, open', async ({ page, asOperator }) => {
  await asOperator();
  await page.goto('/tenants');
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByRole('searchbox').focus();
  await page.keyboard.type('globex');
  await expect(page.getByRole('row')).toHaveCount(2);
  const link = page.getByRole('link', { name: 'Globex' });
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(link).toBeFocused({ timeout: 50 });
  }).toPass();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Globex', level: 1 })).toBeFocused();
});

test('many are suspended and resumed: each outcome is told, a refusal stops none', async ({
  page,
  asOperator,
  server,
  watch,
  axe,
}) => {
  await newTenant(server, 'bulk-one', 'Bulk One');
  await newTenant(server, 'bulk-two', 'Bulk Two');
  await newTenant(server, 'bulk-three', 'Bulk Three');
  await ask(server, 'POST', '/v1/tenants/bulk-three/suspend', {});
  await settled(server, 'bulk-three');
  await asOperator();
  await page.goto('/tenants?q=bulk-&sort=slug');
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByRole('checkbox', { name: 'Select all tenants on this page' }).check({ force: true });
  const bar = page.getByRole('region', { name: 'Selected rows' });
  await expect(bar).toContainText('3 selected');

  // Somebody else is quicker with one of them: this page does not know it yet.
  await page.route('**/v1/tenants?*', (route) => route.abort('blockedbyclient'));
  watch.allow(/ERR_BLOCKED_BY_CLIENT/);
  await bar.getByRole('button', { name: 'Suspend' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog).toContainText('Suspend 2 tenants');
  await expect(dialog).toContainText('1 tenant left out');
  await expect(dialog.getByRole('list', { name: 'Left out' })).toHaveText('Bulk ThreeSuspended already');
  await axe();
  await ask(server, 'POST', '/v1/tenants/bulk-two/suspend', {});
  await settled(server, 'bulk-two');
  watch.allow(/status of 409/);
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('The invoice of March');
  await dialog.getByRole('button', { name: 'Suspend 2 tenants' }).click();
  await expect(dialog).toContainText('1 tenant suspended, 1 failed');
  await expect(dialog.locator('[data-tenant=bulk-one]')).toContainText('Done');
  await expect(
    dialog.locator('[data-tenant=bulk-one]').getByRole('link', { name: 'Open run' }),
  ).toHaveAttribute('href', /\/runs\/run_/);
  await expect(dialog.locator('[data-tenant=bulk-two]')).toContainText('Failed');
  await expect(
    dialog.locator('[data-tenant=bulk-two]').getByRole('button', { name: /Copy request id/ }),
  ).toBeVisible();
  await axe();

  // Once the other one has been resumed, the second attempt does what is left, and nothing twice.
  await ask(server, 'POST', '/v1/tenants/bulk-two/resume', {});
  await settled(server, 'bulk-two');
  await page.unroute('**/v1/tenants?*');
  await dialog.getByRole('button', { name: 'Try the other 1 tenant again' }).click();
  await expect(dialog).toContainText('2 tenants suspended');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('table').getByText('Suspended')).toHaveCount(3);
  const trail = await ask<{ items: unknown[] }>(
    server,
    'GET',
    '/v1/audit-events?tenant=bulk-one&action=tenant.suspend',
  );
  expect(trail.items).toHaveLength(1);

  await settled(server, 'bulk-one');
  await settled(server, 'bulk-two');
  await page.getByRole('checkbox', { name: 'Select all tenants on this page' }).check({ force: true });
  await bar.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume 3 tenants' }).click();
  await expect(page.getByRole('dialog')).toContainText('3 tenants resumed');
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('table').getByText('Active')).toHaveCount(3);
  for (const slug of ['bulk-one', 'bulk-two', 'bulk-three']) await settled(server, slug);
});

test('the list is exported with its filters', async ({ page, asOperator }) => {
  await asOperator();
  await page.goto('/tenants?plan_tier=enterprise');
  await expect(page.getByRole('row')).toHaveCount(2);
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const file = await saving;
  expect(file.suggestedFilename()).toBe('tenants.csv');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split(/\r?\n/);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('slug');
  expect(lines[1]).toContain('globex');
});

test('a list that cannot be read says why, and is read again', async ({ page, asOperator, watch }) => {
  watch.allow(/status of 422/);
  await asOperator();
  await page.goto('/tenants?cursor=nowhere');
  const help = page.getByRole('alert');
  await expect(help).toContainText('Some fields are not valid');
  await expect(help).toContainText('cursor: must be the next_cursor of a page with the same sort');
  await expect(help.getByRole('button', { name: /Copy request id/ })).toBeVisible();
});

test('an auditor looks, and is offered nothing else', async ({ page, asOperator }) => {
  await asOperator('auditor');
  await page.goto('/tenants');
  await expect(page.getByRole('link', { name: 'Initech' })).toBeVisible();
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'New tenant' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Initech' }).click();
  await expect(page.getByRole('heading', { name: 'Initech', level: 1 })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Actions' })).toHaveCount(0);
});
