// Signing in as an operator, and the operators page: guarded, by keyboard, on a phone, in both colour modes.
import type { Page } from '@playwright/test';
import { expect, PHONE, test } from './fixtures';
import type { Person } from './server';

/** By the form, as people do. */
async function signIn(page: Page, person: Person | undefined) {
  await page.getByText('Operator', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Email' }).fill(person?.email ?? '');
  await page.locator('input[name=password]').fill(person?.password ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a link leads through the sign-in to where it pointed', async ({ page, server, axe }) => {
  const [ada] = server.scene.operators;
  await page.goto('/operators?dense=true');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await axe();
  await signIn(page, ada);
  await expect(page).toHaveURL(/\/operators\?dense=true$/);
  await expect(page.getByText(ada?.email ?? '')).toBeVisible();
  await expect(page).toHaveTitle('Operators · Tenantry');
  await axe();
  await page.reload();
  await expect(page.getByText(ada?.email ?? '')).toBeVisible();
});

test('a refused sign-in says why, and what to quote', async ({ page, watch }) => {
  // The browser itself tells of every 401.
  watch.allow(/status of 401/);
  await page.goto('/sign-in');
  await page.getByRole('textbox', { name: 'Email' }).fill('nobody@example.com');
  await page.locator('input[name=password]').fill('not a password of anybody');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('Address or password is wrong');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeFocused();
  await expect(page.getByRole('button', { name: /Copy request id/ })).toBeVisible();
});

test('nothing secret is left where scripts could read it', async ({ page, server }) => {
  await page.goto('/sign-in');
  await signIn(page, server.scene.operators[0]);
  await expect(page.getByRole('link', { name: 'Operators' })).toBeVisible();
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  expect(kept).not.toMatch(/eyJ|[0-9a-f]{32}/);
});

test('columns are chosen and stay in the URL', async ({ page, asOperator }) => {
  await asOperator();
  await page.goto('/operators');
  await expect(page.getByRole('columnheader', { name: 'User id' })).toBeVisible();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'User id' }).click();
  await expect(page.getByRole('columnheader', { name: 'User id' })).toBeHidden();
  await expect(page).toHaveURL(/hide=user_id/);
});

test('on a phone: cards, and the palette by keyboard', async ({ page, asOperator, axe }) => {
  await page.setViewportSize(PHONE);
  const { email } = await asOperator();
  await page.goto('/operators');
  await expect(page.getByText(email).first()).toBeVisible();
  await page.keyboard.press('Control+k');
  const find = page.getByRole('combobox');
  await expect(find).toBeFocused();
  await find.fill('operators');
  await expect(page.getByRole('option', { name: /Operators/ })).toHaveAttribute('aria-selected', 'true');
  await axe();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Operators' })).toBeVisible();
});
