// The tenant page: what it shows, its whole life, its settings, and what is shown once.
import { ask, newTenant, settled } from './api';
import { expect, test } from './fixtures';

test('tabs have addresses, and every one is accessible', async ({ page, asOperator, axe }) => {
  // Five tabs, each looked over in two themes at two widths.
  test.setTimeout(300_000);
  await asOperator();
  await page.goto('/tenants/acme');
  await expect(page).toHaveTitle('Acme Robotics · Tenantry');
  const about = page.getByRole('region', { name: 'About' });
  await expect(about).toContainText('owner@acme.example');
  await expect(about).toContainText(/tenant_[0-9a-f]+/);
  const limits = page.getByRole('region', { name: 'Limits' });
  await expect(limits).toContainText('From the Pro tier');
  await expect(limits).toContainText('100,000 a month');
  await expect(page.getByRole('region', { name: 'Recent audit' })).toContainText('Ada Lovelace, operator');
  await axe();
  for (const [tab, seen] of [
    ['Runs', 'Create'],
    ['Isolation', 'This tenant was not proved alone'],
    ['Access', 'No operator was ever let in'],
    ['Settings', 'Allowed domains'],
  ] as const) {
    await page.getByRole('tab', { name: tab }).click();
    await expect(page).toHaveURL(new RegExp(`view=${tab.toLowerCase()}`));
    await expect(page.getByRole('tabpanel', { name: tab }).getByText(seen).first()).toBeVisible();
    await axe();
  }
  await page.reload();
  await expect(page.getByRole('tab', { name: 'Settings' })).toHaveAttribute('aria-selected', 'true');
});

test('a whole life: suspended, resumed, deleted, restored, purged', async ({
  page,
  asOperator,
  server,
  watch,
  axe,
}) => {
  await newTenant(server, 'lifelong', 'Lifelong');
  await asOperator();
  await page.goto('/tenants/lifelong');
  const choose = async (name: string) => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  const badge = page.getByRole('heading', { level: 1 }).locator('..');

  await choose('Suspend');
  const asked = page.getByRole('alertdialog');
  await expect(asked).toContainText('Requests are refused at once');
  await expect(asked.getByRole('button', { name: 'Suspend tenant' })).toBeDisabled();
  await axe();
  await asked.getByRole('textbox', { name: 'Reason' }).fill('Asked by the customer');
  await asked.getByRole('textbox', { name: /to confirm/ }).fill('lifelong');
  await asked.getByRole('button', { name: 'Suspend tenant' }).click();
  await expect(badge).toContainText('Suspended');
  await expect(page.getByRole('link', { name: 'Open run' })).toHaveAttribute('href', /\/runs\/run_/);
  await settled(server, 'lifelong');

  await choose('Resume');
  await page.getByRole('dialog').getByRole('button', { name: 'Resume tenant' }).click();
  await expect(badge).toContainText('Active');
  await settled(server, 'lifelong');

  await choose('Delete');
  await asked.getByRole('textbox', { name: /to confirm/ }).fill('lifelong');
  await asked.getByRole('button', { name: 'Delete tenant' }).click();
  await expect(page.getByText(/It can be restored until/)).toBeVisible();
  await expect(badge).toContainText('Deleted');
  await settled(server, 'lifelong');

  await choose('Restore');
  await page.getByRole('dialog').getByRole('button', { name: 'Restore tenant' }).click();
  await expect(badge).toContainText('Active');
  await settled(server, 'lifelong');

  await ask(server, 'DELETE', '/v1/tenants/lifelong');
  await settled(server, 'lifelong');
  await page.reload();
  watch.allow(/status of 404/);
  await choose('Purge');
  await expect(asked).toContainText('Nothing takes this back');
  // Enter alone confirms nothing, and the wrong name neither.
  await asked.getByRole('textbox', { name: /to confirm/ }).fill('lifelon');
  await page.keyboard.press('Enter');
  await expect(asked).toBeVisible();
  await page.keyboard.type('g');
  await page.keyboard.press('Enter');
  await expect(asked).toBeHidden();
  await expect(page.getByRole('alert').filter({ hasText: 'Not found' })).toBeVisible();
  await expect(page.getByText('Lifelong was removed. Its runs and its audit trail are kept.')).toBeVisible();
});

test('a fresh tenant is rolled back', async ({ page, asOperator, server, watch }) => {
  watch.allow(/status of 404/);
  await newTenant(server, 'mistake', 'Mistake');
  await asOperator();
  await page.goto('/tenants/mistake');
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Roll back' }).click();
  const asked = page.getByRole('alertdialog');
  await asked.getByRole('textbox', { name: /to confirm/ }).fill('mistake');
  await asked.getByRole('button', { name: 'Roll back tenant' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Not found' })).toBeVisible();
});

test('settings are saved, and what somebody else changed is not lost', async ({
  page,
  asOperator,
  server,
  watch,
  axe,
}) => {
  watch.allow(/status of 4(12|22)/);
  await newTenant(server, 'changing', 'Changing');
  await asOperator();
  await page.goto('/tenants/changing?view=settings');
  await page.getByRole('textbox', { name: 'Name' }).fill('Settled');
  await page.getByRole('textbox', { name: 'Allowed domains' }).fill('no domain');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByRole('form', { name: 'Settings' })).toContainText(/domain/);
  await page.getByRole('textbox', { name: 'Allowed domains' }).fill('settled.example');
  const save = page.getByRole('button', { name: 'Save settings' });
  await save.click();
  await expect(page.getByText('Settings saved')).toBeVisible();
  // Whoever goes on by keyboard goes on from there.
  await expect(save).toBeFocused();
  await expect(page.getByRole('button', { name: 'Discard changes' })).toBeDisabled();
  await expect(page.getByRole('heading', { name: 'Settled', level: 1 })).toBeVisible();

  await page.getByRole('textbox', { name: 'Name' }).fill('Mine');
  await ask(server, 'PATCH', '/v1/tenants/changing', { name: 'Theirs' });
  await page.getByRole('button', { name: 'Save settings' }).click();
  const told = page.getByRole('alert').filter({ hasText: 'Somebody else changed this' });
  await expect(told).toBeVisible();
  await axe();
  await told.getByRole('button', { name: 'Load what is there now' }).click();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Theirs');
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await expect(told).toBeHidden();
});

test('an API key is shown once and works', async ({ page, asOperator, server, axe }) => {
  await asOperator();
  await page.goto('/tenants/globex');
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Make API key' }).click();
  const form = page.getByRole('dialog', { name: 'API key for globex' });
  await form.getByRole('button', { name: 'Make key' }).click();
  await expect(form).toContainText('Enter what the key is for');
  await form.getByRole('textbox', { name: 'Name' }).fill('Nightly import');
  await form.getByRole('button', { name: 'Make key' }).dblclick();
  const shown = page.getByRole('alertdialog', { name: 'The key Nightly import is made' });
  const key = (await shown.getByTestId('secret').textContent()) ?? '';
  expect(key).toMatch(/^tnt_/);
  await axe();
  await expect(shown.getByRole('button', { name: 'Close without copying' })).toBeVisible();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await shown.getByRole('button', { name: 'Copy key' }).click();
  await expect(shown.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key.trim());
  await shown.getByRole('button', { name: 'Done' }).click();
  await expect(shown).toBeHidden();
  // After the second dialog, at what opened the first.
  await expect(page.getByRole('button', { name: 'Actions' })).toBeFocused();
  const answer = await fetch(`${server.url}/v1/agents`, {
    headers: { Authorization: `Bearer ${key.trim()}` },
  });
  expect(answer.status).toBe(200);
  // The double click made one key.
  const made = await ask<{ items: { after: { name: string } }[] }>(
    server,
    'GET',
    '/v1/audit-events?tenant=globex&action=api_key.create',
  );
  expect(made.items.filter(({ after }) => after.name === 'Nightly import')).toHaveLength(1);
});

test('an access grant is opened for a reason, listed, and ended', async ({ page, asOperator, axe }) => {
  await asOperator('support');
  await page.goto('/tenants/globex?view=access');
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Open access grant' }).click();
  const form = page.getByRole('dialog', { name: 'Access to globex' });
  await form.getByRole('button', { name: 'Open access grant' }).click();
  await expect(form).toContainText('Say why.');
  await form.getByRole('textbox', { name: 'Reason' }).fill('Ticket 7: tasks stand still');
  await expect(form.getByRole('combobox', { name: 'As' }).locator('option')).toHaveCount(1);
  await form.getByRole('button', { name: 'Open access grant' }).click();
  const shown = page.getByRole('alertdialog', { name: 'You may enter globex' });
  await expect(shown.getByTestId('secret')).toHaveText(/^tng_/);
  await axe();
  await shown.getByRole('button', { name: 'Close without copying' }).click();
  const row = page.getByRole('row', { name: /Ticket 7/ });
  await expect(row).toContainText('Open');
  await row.getByRole('button', { name: 'End' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End access' }).click();
  await expect(row).toContainText('Ended');
});

test("the owner's invitation is renewed while there is no owner", async ({
  page,
  asOperator,
  server,
  watch,
}) => {
  watch.allow(/status of 409/);
  await newTenant(server, 'ownerless', 'Ownerless');
  await asOperator();
  const renew = async () => {
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: 'Renew owner invitation' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Renew invitation' }).click();
  };
  await page.goto('/tenants/ownerless');
  await renew();
  await expect(page.getByRole('alertdialog', { name: /is invited as owner/ })).toContainText('#token=');
  await page.goto('/tenants/acme');
  await renew();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('The tenant has an owner.');
});

test("a tenant's data is exported as one file", async ({ page, asOperator }) => {
  await asOperator();
  await page.goto('/tenants/acme');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Export data' }).click();
  expect((await saving).suggestedFilename()).toMatch(/acme.*\.tar$/);
});

test('a tenant that is none', async ({ page, asOperator, watch, axe }) => {
  watch.allow(/status of 404/);
  await asOperator();
  await page.goto('/tenants/nobody-here');
  await expect(page.getByRole('alert')).toContainText('Not found');
  await axe();
});
