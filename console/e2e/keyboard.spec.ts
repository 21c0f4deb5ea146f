// The script of docs/design/accessibility.md that needs no reader: from the sign-in to the sign-out without a pointer.
import type { Locator, Page } from '@playwright/test';
import { newTenant } from './api';
import { expect, test } from './fixtures';

/** Tabs on until it is there; a page has fewer stops than that. */
async function tabTo(page: Page, wanted: Locator) {
  await expect(wanted).toBeVisible();
  for (let stops = 0; stops < 60; stops += 1) {
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(wanted, 'reached by Tab').toBeFocused();
}

/** From the palette to a page. */
async function goTo(page: Page, typed: string, option: string | RegExp, heading: string) {
  await page.keyboard.press('Control+k');
  const find = page.getByRole('combobox', { name: /Find a page/ });
  await expect(find).toBeFocused();
  await page.keyboard.type(typed);
  await expect(page.getByRole('option', { name: option })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeFocused();
}

async function signOut(page: Page) {
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: /Find a page/ })).toBeFocused();
  await page.keyboard.type('sign out');
  await expect(page.getByRole('option', { name: /Sign out/ })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
}

test('an operator: sign in, palette, list, tenant, dialog, message, sign out', async ({ page, server }) => {
  await newTenant(server, 'by-keys', 'By Keys');
  const [ada] = server.scene.operators;
  await page.goto('/sign-in');
  const email = page.getByRole('textbox', { name: 'Email' });
  await expect(email).toBeFocused();
  // Sent empty, the first field that is wrong has the focus.
  await page.keyboard.press('Enter');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('radio', { name: 'Operator' })).toBeChecked();
  await page.keyboard.press('Tab');
  await expect(email).toBeFocused();
  await page.keyboard.type(ada?.email ?? '');
  await page.keyboard.press('Tab');
  await page.keyboard.type(ada?.password ?? '');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Home', level: 1 })).toBeFocused();

  // Loaded anew, the first stop leads past the navigation.
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Home', level: 1 })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the page' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();

  await goTo(page, 'tenants', /^Tenants/, 'Tenants');
  await tabTo(page, page.getByRole('searchbox'));
  await page.keyboard.type('by-keys');
  await expect(page.getByRole('row')).toHaveCount(2);
  await tabTo(page, page.getByRole('link', { name: 'By Keys' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'By Keys', level: 1 })).toBeFocused();

  await tabTo(page, page.getByRole('tab', { name: 'Overview' }));
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Runs' })).toBeFocused();
  await expect(page).toHaveURL(/view=runs/);

  const actions = page.getByRole('button', { name: 'Actions' });
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: /Find a page/ })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('tab', { name: 'Runs' })).toBeFocused();
  for (let stops = 0; stops < 20; stops += 1) {
    if (await actions.evaluate((one) => one === document.activeElement)) break;
    await page.keyboard.press('Shift+Tab');
  }
  await expect(actions).toBeFocused();
  await page.keyboard.press('Enter');
  const suspend = page.getByRole('menuitem', { name: 'Suspend' });
  await expect(suspend).toBeVisible();
  await page.keyboard.type('s');
  await expect(suspend).toHaveAttribute('data-highlighted', '');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('alertdialog', { name: /Suspend/ });
  await expect(dialog.locator(':focus')).toHaveCount(1);
  // Nothing behind the dialog is reached, and Escape gives the focus back.
  for (let stops = 0; stops < 8; stops += 1) {
    await page.keyboard.press('Tab');
    await expect(dialog.locator(':focus')).toHaveCount(1);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(actions).toBeFocused();
  // The region that tells messages is there before the first of them.
  await expect(page.getByRole('region', { name: /Notifications/ })).toHaveAttribute('aria-live', 'polite');

  await signOut(page);
  // Whoever signs in next begins at their own home.
  await expect(page).toHaveURL(/\/sign-in$/);
  await expect(page.getByRole('textbox', { name: 'Email' })).toBeFocused();
});

test('an admin of a tenant: members by palette, a role and its undo, sign out', async ({
  page,
  asMember,
}) => {
  await asMember('admin', 'initech');
  await expect(page.getByRole('heading', { name: 'Initech', level: 1 })).toBeVisible();
  await goTo(page, 'members', /^Members/, 'Members');
  const menu = page.getByRole('button', { name: 'Actions for Vera Viewer' });
  await tabTo(page, menu);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Change role' })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await expect(page.getByRole('menuitem', { name: 'Change role' })).toHaveAttribute('data-highlighted', '');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator(':focus')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(menu).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Home');
  await expect(page.getByRole('menuitem', { name: 'Change role' })).toHaveAttribute('data-highlighted', '');
  await page.keyboard.press('Enter');
  const role = dialog.getByLabel('Role');
  await tabTo(page, role);
  await page.keyboard.type('Member');
  await expect(role).toHaveValue('member');
  await tabTo(page, dialog.getByRole('button', { name: 'Change role' }));
  await page.keyboard.press('Enter');
  const row = page.getByRole('row', { name: /Vera Viewer/ });
  await expect(row).toContainText('Member');
  // Alt T leads to the messages.
  const undo = page.getByRole('button', { name: 'Undo' });
  await expect(undo).toBeVisible();
  await page.keyboard.press('Alt+t');
  await tabTo(page, undo);
  await page.keyboard.press('Enter');
  await expect(row).toContainText('sees the workspace');
  // The message goes, and gives the focus back to where it was.
  await expect(undo).toBeHidden();
  await signOut(page);
});
