// API keys and agents of a workspace.
import { asMemberOf, withToken } from './asApi';
import { expect, test } from './fixtures';

test('API keys: made once and copied once, replaced with an overlap, revoked', async ({
  page,
  context,
  server,
  asMember,
  axe,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await asMember('admin');
  await page.getByRole('link', { name: 'API keys', exact: true }).click();
  await expect(page.getByRole('row', { name: /Deploy/ })).toContainText('Active');
  await axe();
  // By keyboard: the dialog opens with the focus in its first field.
  await page.getByRole('button', { name: 'Make key' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Make an API key' });
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await page.keyboard.type('Reports');
  await dialog.getByLabel('Scopes', { exact: true }).selectOption('yes');
  await dialog.getByRole('button', { name: 'Make key' }).press('Enter');
  await expect(dialog.getByText('Tick at least one')).toBeVisible();
  await expect(dialog.getByRole('checkbox', { name: /audit:read/ })).toBeDisabled();
  await dialog.getByRole('checkbox', { name: /agents:read/ }).press('Space');
  await dialog.getByRole('button', { name: 'Make key' }).press('Enter');
  const told = page.getByRole('alertdialog', { name: 'The key Reports is made' });
  const secret = (await told.getByTestId('secret').textContent()) ?? '';
  expect(secret).toMatch(/^tnt_/);
  await expect(told.getByRole('button', { name: 'Close without copying' })).toBeVisible();
  // Neither a second Enter nor Escape puts away what nobody has seen.
  await expect(told.getByRole('button', { name: 'Copy key' })).toBeFocused();
  await page.keyboard.press('Escape');
  await told.getByRole('button', { name: 'Copy key' }).click();
  await told.getByRole('button', { name: 'Done' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await expect(page.locator('body')).not.toContainText(secret);
  const made = withToken(server, secret);
  expect((await made('GET', '/v1/agents')).status).toBe(200);
  expect((await made('GET', '/v1/members')).status).toBe(403);

  const row = page.getByRole('row', { name: /Reports/ });
  await expect(row).toContainText('agents:read');
  await expect(row).toContainText('by Abel Admin');
  await row.getByRole('button', { name: 'Actions for Reports' }).click();
  await page.getByRole('menuitem', { name: 'Replace' }).click();
  await page.getByRole('button', { name: 'Make the new key' }).click();
  const next = (await page.getByTestId('secret').textContent()) ?? '';
  await page.getByRole('button', { name: 'Close without copying' }).click();
  await expect(row.filter({ hasText: 'replaced' })).toHaveCount(1);
  // After the second dialog the focus is at what opened the first.
  await expect(
    row.filter({ hasText: 'replaced' }).getByRole('button', { name: 'Actions for Reports' }),
  ).toBeFocused();
  expect((await made('GET', '/v1/agents')).status).toBe(200);

  await row.filter({ hasNotText: 'replaced' }).getByRole('button', { name: 'Actions for Reports' }).click();
  await page.getByRole('menuitem', { name: 'Revoke' }).click();
  const confirm = page.getByRole('alertdialog', { name: 'Revoke Reports?' });
  await expect(confirm.getByRole('button', { name: 'Revoke key' })).toBeDisabled();
  await confirm.getByRole('textbox').fill('Reports');
  await confirm.getByRole('button', { name: 'Revoke key' }).click();
  await expect(row.filter({ hasText: 'Revoked' })).toHaveCount(1);
  expect((await withToken(server, next)('GET', '/v1/agents')).status).toBe(401);
});

test('agents: made, a name that is taken, a change that came second, deleted', async ({
  page,
  server,
  asMember,
  axe,
  watch,
}) => {
  await asMember('member', 'globex');
  await page.getByRole('link', { name: 'Agents', exact: true }).click();
  await expect(page.getByRole('row', { name: /Iris/ })).toBeVisible();
  await axe();
  await page.getByRole('button', { name: 'Make agent' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make an agent' });
  await dialog.getByLabel('Name').fill('Iris');
  await dialog.getByLabel('Role').fill('support');
  await dialog.getByLabel('Capabilities').fill('search, write');
  await dialog.getByLabel('Tools it may use').fill('[]');
  await dialog.getByRole('button', { name: 'Make agent' }).click();
  await expect(dialog.getByText('This is not a JSON object.')).toBeVisible();
  await dialog.getByLabel('Tools it may use').fill('{"search": true}');
  watch.allow(/status of 409/);
  await dialog.getByRole('button', { name: 'Make agent' }).click();
  await expect(dialog.getByText('An agent of this workspace has this name.')).toBeVisible();
  await dialog.getByLabel('Name').fill('Nova');
  await dialog.getByRole('button', { name: 'Make agent' }).click();
  const row = page.getByRole('row', { name: /Nova/ });
  await expect(row).toContainText('search, write');

  await row.getByRole('button', { name: 'Actions for Nova' }).click();
  await page.getByRole('menuitem', { name: 'Change' }).click();
  const change = page.getByRole('dialog', { name: 'Change Nova' });
  await change.getByLabel('Status').selectOption('offline');
  const owner = await asMemberOf(server, 'globex', 'owner@globex.example');
  const list = await owner('GET', '/v1/agents');
  const nova = list.body.items.find((agent: { name: string }) => agent.name === 'Nova');
  expect((await owner('PATCH', `/v1/agents/${nova.id}`, { role: 'sales' })).status).toBe(200);
  watch.allow(/status of 412/);
  await change.getByRole('button', { name: 'Save changes' }).click();
  await expect(change.getByRole('alert')).toContainText('Somebody changed this agent');
  await change.getByRole('button', { name: 'Load what is there' }).click();
  await expect(change.getByLabel('Role')).toHaveValue('sales');
  await change.getByLabel('Status').selectOption('offline');
  await change.getByRole('button', { name: 'Save changes' }).click();
  await expect(row).toContainText('Offline');

  await page.getByLabel('Status', { exact: true }).selectOption('blocked');
  await expect(page.getByText('No agent is blocked')).toBeVisible();
  await expect(page).toHaveURL(/status=blocked/);
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await row.getByRole('button', { name: 'Actions for Nova' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete agent' }).click();
  await expect(row).toBeHidden();
  // What had asked for it went with the row.
  await expect(page.getByRole('heading', { name: 'Agents', level: 1 })).toBeFocused();
});

test('a dialog about an agent stays with what was typed, when somebody else has deleted the agent', async ({
  page,
  server,
  asMember,
  watch,
}) => {
  const owner = await asMemberOf(server, 'initech', 'owner@initech.example');
  const made = await owner('POST', '/v1/agents', { name: 'Brief', role: 'support' });
  expect(made.status).toBe(201);
  await asMember('member', 'initech');
  await page.goto('/t/initech/agents');
  const row = page.getByRole('row', { name: /Brief/ });
  await row.getByRole('button', { name: 'Actions for Brief' }).click();
  await page.getByRole('menuitem', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change Brief' });
  await dialog.getByLabel('Standing instructions').fill('A page of thoughts');
  expect((await owner('DELETE', `/v1/agents/${made.body.id}`)).status).toBe(204);
  watch.allow(/status of 404/);
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Not found');
  await expect(page.getByText('Brief', { exact: true })).toHaveCount(0);
  await expect(dialog.getByLabel('Standing instructions')).toHaveValue('A page of thoughts');
});
