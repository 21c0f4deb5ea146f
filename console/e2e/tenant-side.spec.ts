// The tenant's side: overview, workspaces, members, invitations. Each changes what is true on the server, by role.
import { asMemberOf } from './asApi';
import { DESKTOP, expect, PHONE, test } from './fixtures';

test('overview: what is used, what to do next, where one is', async ({ page, asMember, axe }) => {
  await asMember('owner');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');
  const limits = page.getByRole('region', { name: 'What you may use' });
  await expect(limits).toContainText('From the Pro tier');
  await expect(limits.getByText('1 of 10')).toBeVisible();
  await expect(limits.getByText('4 of 10')).toBeVisible();
  await expect(limits.getByText('2 of 100 in the tenant')).toBeVisible();
  await axe();
  await page.getByRole('link', { name: /Make an agent/ }).click();
  await expect(page.getByRole('dialog', { name: 'Make an agent' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/t\/acme\/agents$/);
});

test('overview: a failure says what happened, and another try helps', async ({ page, asMember, watch }) => {
  watch.allow(/ERR_FAILED/);
  await page.route('**/v1/limits', (route) => route.abort());
  await asMember('viewer');
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached');
  await expect(page.getByRole('region', { name: 'Do next' })).toBeHidden();
  await page.unroute('**/v1/limits');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('4 of 10')).toBeVisible();
});

test('workspaces: made, renamed, archived, brought back', async ({ page, asMember, axe, watch }) => {
  await asMember('owner');
  await page.getByRole('link', { name: 'Workspaces', exact: true }).first().click();
  await page.getByRole('button', { name: 'Make workspace' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make a workspace' });
  await dialog.getByLabel('Name').fill('Équipe Nord');
  await expect(dialog.getByLabel('Slug')).toHaveValue('equipe-nord');
  await dialog.getByLabel('Slug').fill('default');
  watch.allow(/status of 409/);
  await dialog.getByRole('button', { name: 'Make workspace' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('Slug').fill('nord');
  await dialog.getByRole('button', { name: 'Make workspace' }).click();
  const row = page.getByRole('row', { name: /Nord/ });
  await expect(row).toContainText('Owner');
  await axe();
  await row.getByRole('button', { name: 'Actions for Équipe Nord' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Nord');
  await page.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByText('Renamed to Nord')).toBeVisible();
  await row.getByRole('button', { name: 'Actions for Nord' }).click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  const confirm = page.getByRole('alertdialog');
  await expect(confirm.getByRole('button', { name: 'Archive workspace' })).toBeDisabled();
  await confirm.getByRole('textbox').fill('nord');
  await confirm.getByRole('button', { name: 'Archive workspace' }).click();
  await expect(row).toBeHidden();
  await page.getByRole('button', { name: 'Archived too' }).click();
  await expect(page).toHaveURL(/archived=true/);
  await expect(row).toContainText('Archived');
  await row.getByRole('button', { name: 'Actions for Nord' }).click();
  await page.getByRole('menuitem', { name: 'Bring back' }).click();
  await expect(row).toContainText('Active');
});

test('who may not is told who may', async ({ page, asMember, axe }) => {
  await asMember('viewer');
  for (const [path, told] of [
    ['workspaces', 'Owners make, rename and archive workspaces. You are viewer here.'],
    ['members', 'Admins and owners invite people, change roles and remove members.'],
    ['agents', 'Members, admins and owners make, change and delete agents.'],
    ['api-keys', 'Admins and owners see, make and revoke API keys.'],
    ['members/invitations', 'Admins and owners see and send invitations.'],
  ] as const) {
    await page.goto(`/t/acme/${path}`);
    await expect(page.getByText(told)).toBeVisible();
    await expect(page.getByRole('button', { name: /^(Make|Invite|Actions for)/ })).toHaveCount(0);
  }
  await axe();
});

test('members: a role given and taken back, nobody above oneself, the last owner stays', async ({
  page,
  asMember,
  axe,
  watch,
}) => {
  await asMember('admin', 'globex');
  await page.goto('/t/globex/members');
  await expect(page.getByRole('row', { name: /Olga Owner/ })).toContainText('owner is above your role');
  await axe();
  const row = page.getByRole('row', { name: /Vera Viewer/ });
  await row.getByRole('button', { name: 'Actions for Vera Viewer' }).click();
  await page.getByRole('menuitem', { name: 'Change role' }).click();
  const roles = page.getByRole('dialog').getByLabel('Role');
  await expect(roles.locator('option')).toHaveCount(3);
  await roles.selectOption('member');
  await page.getByRole('button', { name: 'Change role' }).click();
  await expect(row).toContainText('Member');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toContainText('sees the workspace');
  await asMember('owner', 'globex');
  await page.goto('/t/globex/members');
  await page.getByRole('button', { name: 'Leave' }).click();
  watch.allow(/status of 409/);
  await page.getByRole('alertdialog').getByRole('textbox').fill('default');
  await page.getByRole('button', { name: 'Leave workspace' }).click();
  await expect(page.getByRole('alertdialog').getByRole('alert')).toContainText(/owner/);
});

test('invitations: the link is told once, and can be taken back; who leaves goes', async ({
  page,
  context,
  server,
  asMember,
  axe,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await asMember('owner', 'initech');
  await page.goto('/t/initech/members/invitations?make=true');
  const dialog = page.getByRole('dialog', { name: 'Invite into default' });
  await dialog.getByLabel('Email').fill('new@initech.example');
  await dialog.getByRole('button', { name: 'Send invitation' }).click();
  const told = page.getByRole('alertdialog', { name: 'new@initech.example is invited' });
  await expect(told.getByTestId('secret')).toContainText('/accept-invitation#token=');
  await page.keyboard.press('Escape');
  await expect(told).toBeVisible();
  await told.getByRole('button', { name: 'Copy link' }).click();
  await told.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByTestId('secret')).toHaveCount(0);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('#token=');
  const row = page.getByRole('row', { name: /new@initech.example/ });
  await expect(row).toContainText('Open');
  await axe();
  // On a phone a long address leaves room for what can be done.
  await page.setViewportSize(PHONE);
  const address = await row.getByText('new@initech.example').boundingBox();
  const revoke = await row.getByRole('button', { name: /Revoke/ }).boundingBox();
  expect((address?.x ?? 0) + (address?.width ?? 0)).toBeLessThanOrEqual(revoke?.x ?? 0);
  await page.setViewportSize(DESKTOP);
  await row.getByRole('button', { name: /Revoke/ }).click();
  await page.getByRole('button', { name: 'Revoke invitation' }).click();
  await expect(row).toContainText('Revoked');

  await asMember('member', 'initech');
  await page.goto('/account');
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('textbox').fill('default');
  await page.getByRole('button', { name: 'Leave workspace' }).click();
  await expect(page.getByText('You are not a member of any workspace yet')).toBeVisible();
  const owner = await asMemberOf(server, 'initech', 'owner@initech.example');
  const { body } = await owner('GET', '/v1/members');
  expect(body.items.map((member: { email: string }) => member.email)).not.toContain('member@initech.example');
});
