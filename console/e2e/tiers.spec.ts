// Tiers: the cards of the wizard, limits of a tenant's own, another tier for one and for many.
import { ask, newTenant } from './api';
import { expect, test } from './fixtures';
import { make, next, openAs, step } from './wizard';

test('the wizard shows the table, and makes a tenant with limits of its own', async ({
  page,
  server,
  axe,
}) => {
  await openAs(page, server, '/tenants/new');
  await page.getByLabel('Name').fill('own-limits');
  await expect(page.getByText('own-limits is free.')).toBeVisible();
  await next(page);
  await step(page, 'Which plan?');
  const cards = page.getByRole('radiogroup', { name: 'Tier' });
  for (const told of ['$149 a month', 'Price by agreement', '10 in each workspace', '100,000 a month'])
    await expect(cards.getByText(told).first()).toBeVisible();
  await axe();
  await page.getByText('Pro', { exact: true }).click();
  await next(page);
  await step(page, 'Who gets in?');
  await page.getByLabel('E-mail of the owner').fill('ops@own-limits.example');
  await page.getByLabel('Agents', { exact: true }).fill('many');
  await next(page);
  await expect(page.getByText(/Enter a whole number/)).toBeVisible();
  await page.getByLabel('Agents', { exact: true }).fill('7');
  await axe();
  await next(page);
  await step(page, 'All as it should be?');
  await expect(page.getByText('--max-agents 7')).toBeVisible();
  await make(page, 'own-limits').click();
  await expect(page.getByText('own-limits is active')).toBeVisible();
  await page.goto('/tenants/own-limits');
  // A number of the tenant's own is told as such, with what the tier would allow; the others are the tier's.
  const limits = page.getByRole('region', { name: 'Limits' });
  await expect(limits).toContainText('From the Pro tier, but for one of its own');
  await expect(limits).toContainText('7its own, Pro has 100');
  await expect(limits.getByText(/its own, Pro has/)).toHaveCount(1);
});

test('a tenant gets another tier, and what is typed beside it stays', async ({
  page,
  asOperator,
  server,
  axe,
}) => {
  await newTenant(server, 'moves', 'Moves');
  await asOperator();
  await page.goto('/tenants/moves?view=settings');
  await page.getByLabel('Name').fill('Moves Up');
  const panel = page.getByRole('region', { name: 'Tier' });
  await expect(panel).toContainText('Starter, $49 a month');
  await panel.getByRole('button', { name: 'Change tier' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('New tier').selectOption('free');
  await expect(dialog.getByRole('row', { name: /Workspaces 3 1, less/ })).toBeVisible();
  await axe();
  await dialog.getByLabel('New tier').selectOption('pro');
  await expect(dialog.getByRole('row', { name: /Workspaces 3 10/ })).toBeVisible();
  await dialog.getByRole('button', { name: 'Change to Pro' }).click();
  await expect(panel).toContainText('Pro, $149 a month');
  await expect(page.getByLabel('Name')).toHaveValue('Moves Up');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Settings saved')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Moves Up');
});

test('many get another tier; those that have it are left out', async ({ page, asOperator, server, axe }) => {
  await newTenant(server, 'many-one', 'Many One');
  await newTenant(server, 'many-two', 'Many Two');
  await ask(server, 'PATCH', '/v1/tenants/many-two', { plan_tier: 'pro' });
  await asOperator();
  await page.goto('/tenants?q=many-&sort=slug');
  await expect(page.getByRole('row')).toHaveCount(3);
  await page.getByRole('checkbox', { name: 'Select all tenants on this page' }).check({ force: true });
  await page
    .getByRole('region', { name: 'Selected rows' })
    .getByRole('button', { name: 'Change tier' })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('New tier').selectOption('pro');
  await expect(dialog.getByRole('list', { name: 'Left out' })).toHaveText('Many TwoPro already');
  await axe();
  await dialog.getByRole('button', { name: 'Change 1 tenant to Pro' }).click();
  await expect(dialog).toContainText('1 tenant changed');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('row', { name: /Many One/ })).toContainText('Pro');
});
