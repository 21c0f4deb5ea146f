// One's own account: sessions, password, data, erasing; for members and operators.
import { readFile } from 'node:fs/promises';
import { asMemberOf } from './asApi';
import { expect, test } from './fixtures';

test('sessions: this one is marked, others end', async ({ page, server, asMember, axe }) => {
  const other = await asMemberOf(server, 'globex', 'admin@globex.example');
  await asMember('admin', 'globex');
  await page.getByRole('link', { name: 'Account', exact: true }).click();
  const sessions = page.getByRole('list', { name: 'Sessions' });
  await expect(sessions.getByRole('listitem').first()).toContainText('Chrome on Linux');
  await expect(sessions.getByText('This session')).toHaveCount(1);
  await axe();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('button', { name: 'End sessions' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  expect((await other('GET', '/v1/me')).status).toBe(401);
  await expect(page.getByText('All other sessions have ended')).toBeVisible();
});

test('to end this session is to sign out, in words of its own', async ({ page, server, asMember }) => {
  await asMemberOf(server, 'initech', 'admin@initech.example');
  await asMember('admin', 'initech');
  await page.goto('/account');
  const sessions = page.getByRole('list', { name: 'Sessions' });
  await sessions
    .getByRole('button', { name: /^End the session of/ })
    .first()
    .click();
  await expect(page.getByText(/^The session of .+ has ended$/)).toBeVisible();
  await sessions.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('You are signed out.')).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in$/);
});

test('password: a wrong one is told at its field, a right one changes it', async ({
  page,
  server,
  asMember,
  watch,
}) => {
  const { password, email } = await asMember('viewer', 'globex');
  await page.goto('/account');
  const form = page.getByRole('form', { name: 'Change password' });
  await form.getByLabel('Password until now').fill('not the password');
  await form.getByLabel('New password').fill('a-quite-new-kettle-77');
  watch.allow(/status of 422/);
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(form.getByLabel('Password until now')).toHaveAttribute('aria-invalid', 'true');
  await form.getByLabel('Password until now').fill(password);
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Your password is changed')).toBeVisible();
  await expect(form.getByLabel('New password')).toHaveValue('');
  const signIn = await fetch(`${server.url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password: 'a-quite-new-kettle-77' }),
  });
  expect(signIn.status).toBe(200);
});

test('data: taken out whole; erased after the address was typed', async ({ page, asMember }) => {
  const { email } = await asMember('member', 'globex');
  await page.goto('/account');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download my data' }).click();
  const data = JSON.parse(await readFile(await (await saved).path(), 'utf8'));
  expect(data.user.email).toBe(email);
  expect(data.audit_events.items.length).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Erase my account' }).click();
  const confirm = page.getByRole('alertdialog', { name: 'Erase your account?' });
  await expect(confirm.getByRole('button', { name: 'Erase my account' })).toBeDisabled();
  await confirm.getByRole('textbox').fill(email);
  await confirm.getByRole('button', { name: 'Erase my account' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('Your account is erased, and you are signed out.')).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in$/);
});

test('an operator has an account too; the last owner is not erased', async ({
  page,
  asOperator,
  asMember,
  watch,
}) => {
  await asOperator('support');
  await page.goto('/account');
  await expect(page.getByText('support@example.com')).toBeVisible();
  await asMember('owner', 'initech');
  await page.goto('/account');
  await page.getByRole('button', { name: 'Erase my account' }).click();
  watch.allow(/status of 409/);
  await page.getByRole('alertdialog').getByRole('textbox').fill('owner@initech.example');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Erase my account' }).click();
  await expect(page.getByRole('alertdialog').getByRole('alert')).toContainText(/owner/i);
});
