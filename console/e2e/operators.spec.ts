// Signing in as an operator, and the operators page: guarded, by keyboard, on a phone, in both colour modes.
import { accessible, expect, operator, signIn, test } from './people';

test('a link leads through the sign-in to where it pointed', async ({ page }) => {
  await page.goto('/operators?dense=true');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await accessible(page);
  await signIn(page);
  await expect(page).toHaveURL(/\/operators\?dense=true$/);
  await expect(page.getByText(operator().email)).toBeVisible();
  await expect(page).toHaveTitle('Operators · Tenantry');
  await accessible(page);
  await page.reload();
  await expect(page.getByText(operator().email)).toBeVisible();
});

test('a refused sign-in says why, and what to quote', async ({ page, complaints }) => {
  await page.goto('/sign-in');
  await page.getByRole('textbox', { name: 'Email' }).fill('nobody@example.com');
  await page.locator('input[name=password]').fill('not a password of anybody');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('Address or password is wrong');
  await expect(page.getByRole('button', { name: /Copy request id/ })).toBeVisible();
  // The browser itself tells of every 401.
  expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
});

test('nothing secret is left where scripts could read it', async ({ page }) => {
  await page.goto('/sign-in');
  await signIn(page);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  expect(kept).not.toMatch(/eyJ|[0-9a-f]{32}/);
});

test('columns are chosen and stay in the URL', async ({ page }) => {
  await page.goto('/operators');
  await signIn(page);
  await expect(page.getByRole('columnheader', { name: 'User id' })).toBeVisible();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'User id' }).click();
  await expect(page.getByRole('columnheader', { name: 'User id' })).toBeHidden();
  await expect(page).toHaveURL(/hide=user_id/);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`on a phone, ${colorScheme}: cards, and the palette by keyboard`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme });
    await page.goto('/operators');
    await signIn(page);
    await expect(page.getByText(operator().email)).toBeVisible();
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wider).toBeLessThanOrEqual(0);
    await accessible(page);
    await page.keyboard.press('Control+k');
    const find = page.getByRole('combobox');
    await expect(find).toBeFocused();
    await find.fill('operators');
    await expect(page.getByRole('option', { name: /Operators/ })).toHaveAttribute('aria-selected', 'true');
    await accessible(page);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'Operators' })).toBeVisible();
  });
}
