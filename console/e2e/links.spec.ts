// Pages behind links: an invitation, a new password, a proven address, joining by domain. Also with links that are used or none.
import { asMemberOf } from './asApi';
import { expect, test } from './fixtures';
import type { Server } from './server';

/** Invites by the API; where the link leads in the console. */
async function invitation(server: Server, email: string): Promise<string> {
  const owner = await asMemberOf(server, 'acme', 'owner@acme.example');
  const { status, body } = await owner('POST', '/v1/invitations', { email, role: 'viewer' });
  expect(status).toBe(201);
  return body.link.slice(body.link.indexOf('/accept-invitation#token='));
}

test('an invitation makes an account and leads in; its link opens once', async ({
  page,
  server,
  axe,
  watch,
}) => {
  const link = await invitation(server, 'nia@acme.example');
  await page.goto(link);
  await expect(page).toHaveURL(/\/accept-invitation$/);
  await axe();
  const form = page.getByRole('form', { name: 'Accept the invitation' });
  await expect(form.getByText('invites nia@acme.example to Acme Robotics, workspace')).toContainText(
    'as viewer.',
  );
  await expect(form.getByLabel('Email')).toHaveValue('nia@acme.example');
  await form.getByLabel('Name').fill('Nia New');
  await form.getByLabel('New password').fill('short');
  await form.getByRole('button', { name: 'Accept and sign in' }).click();
  await expect(form.getByText('At least 10 characters.')).toBeVisible();
  await form.getByLabel('New password').fill('a-quite-new-kettle-77');
  await form.getByRole('button', { name: 'Accept and sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');
  await expect(page.getByText('You work in the workspace default as viewer.')).toBeVisible();

  watch.allow(/status of 404/);
  await page.goto(link);
  await expect(page.getByText('This link opens nothing')).toBeVisible();
  await axe();
});

test('an invitation of who is signed in; of somebody else it is refused', async ({
  page,
  server,
  asMember,
  watch,
}) => {
  const theirs = await invitation(server, 'somebody@acme.example');
  const own = await invitation(server, 'admin@globex.example');
  await asMember('admin', 'globex');
  watch.allow(/status of 403/);
  await page.goto(theirs);
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.goto(own);
  await expect(page.getByText('You are signed in as Abel Admin.')).toBeVisible();
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');
  await page.getByRole('button', { name: /Work somewhere else/ }).click();
  await expect(page.getByRole('menuitem', { name: /Globex/ })).toBeVisible();
});

test('a new password is asked for without telling who exists', async ({ page, axe }) => {
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await axe();
  await page.getByLabel('Email').fill('nobody@nowhere.example');
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByText('Look into your mailbox')).toBeVisible();
  await expect(page.getByText('If nobody@nowhere.example belongs to an account')).toBeVisible();
});

test('links that are none say so, and what to do', async ({ page, axe, watch }) => {
  watch.allow(/status of 422/);
  await page.goto('/reset-password#token=of-nothing');
  await page.getByRole('textbox', { name: 'New password' }).fill('a-quite-new-kettle-77');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('This link opens nothing any more')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send me a link' })).toBeVisible();
  await page.goto('/verify-email#token=of-nothing');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('This link opens nothing')).toBeVisible();
  await axe();
  await page.goto('/accept-invitation');
  await expect(page.getByText('This link opens nothing')).toBeVisible();
});

test('joining by domain: refused with reasons', async ({ page, asMember, axe, watch }) => {
  watch.allow(/status of (409|403)/);
  await page.goto('/join?tenant=acme');
  await expect(page.getByRole('textbox', { name: 'Tenant' })).toHaveValue('acme');
  await axe();
  await page.getByLabel('Email').fill('somebody@acme.example');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  // Who is not signed in is written to: this server sends no mail.
  await expect(page.getByRole('alert')).toBeVisible();
  await asMember('admin', 'globex');
  await page.goto('/join?tenant=acme');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
});
