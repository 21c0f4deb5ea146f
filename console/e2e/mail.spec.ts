// What begins with a mail: an address is proven, a password set anew, a tenant joined by domain. With the product as it is started.
import { test as base, expect } from './fixtures';
import { type Mailbox, mailbox, OPERATOR_TOKEN, type Product, startProduct } from './mail';

const OWNER = { email: 'owner@acme.example', password: 'vexing-plum-orbit-42-kettle', name: 'Olga Owner' };

const test = base.extend<object, { post: { box: Mailbox; product: Product } }>({
  post: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const box = await mailbox();
      const product = await startProduct(box);
      await use({ box, product });
      await product.stop();
      box.close();
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  baseURL: async ({ post }, use) => use(post.product.consoleUrl),
});

async function asOperator(url: string, method: string, path: string, body?: unknown, headers = {}) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Type': 'application/json', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: await answer.json() };
}

test('an invitation, a proof, a new password and a join, by the links of mails', async ({
  page,
  post,
  axe,
  watch,
}) => {
  const { url } = post.product;
  const made = await asOperator(
    url,
    'POST',
    '/v1/tenants',
    {
      slug: 'acme',
      name: 'Acme Robotics',
      admin_email: OWNER.email,
      plan_tier: 'pro',
    },
    { 'Idempotency-Key': 'acme' },
  );
  expect(made.status).toBe(202);
  await expect
    .poll(async () => (await asOperator(url, 'GET', '/v1/tenants/acme')).body.status, { timeout: 60_000 })
    .toBe('active');
  const invitation = made.body.owner_invitation.url as string;
  await page.goto(invitation.slice(invitation.indexOf('/accept-invitation')));
  await expect(page.getByLabel('Email')).toHaveValue(OWNER.email);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('New password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Accept and sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');

  await page.getByRole('link', { name: 'Account', exact: true }).click();
  await page.getByRole('button', { name: 'Send a link' }).click();
  await page.goto(await post.box.linkTo(OWNER.email, '/verify-email'));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Your address is proven')).toBeVisible();
  await axe();
  await page.getByRole('link', { name: 'Go to your account' }).click();
  await expect(page.getByText('Proven', { exact: true })).toBeVisible();

  await page.goto('/reset-password');
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  const reset = await post.box.linkTo(OWNER.email, '/reset-password');
  await page.goto(reset);
  await page.getByRole('textbox', { name: 'New password' }).fill('a-quite-new-kettle-77');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Your password is set')).toBeVisible();
  await axe();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('Email').fill(OWNER.email);
  await page.locator('input[name=password]').fill('a-quite-new-kettle-77');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');
  watch.allow(/status of 422/);
  await page.goto(reset);
  await page.getByRole('textbox', { name: 'New password' }).fill('another-quite-new-kettle');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('This link opens nothing any more')).toBeVisible();

  const open = { allowed_domains: ['acme.example'], domain_join_role: 'viewer' };
  expect((await asOperator(url, 'PATCH', '/v1/tenants/acme', open)).status).toBe(200);
  await page.goto('/account');
  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.goto('/join?tenant=acme');
  await page.getByLabel('Email').fill('nia@acme.example');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(page.getByText('Look into your mailbox')).toBeVisible();
  await page.goto(await post.box.linkTo('nia@acme.example', '/accept-invitation'));
  await expect(page.getByLabel('Email')).toHaveValue('nia@acme.example');
  await page.getByLabel('Name').fill('Nia New');
  await page.getByLabel('New password').fill('a-quite-new-kettle-77');
  await page.getByRole('button', { name: 'Accept and sign in' }).click();
  await expect(page.getByText('You work in the workspace default as viewer.')).toBeVisible();
});
