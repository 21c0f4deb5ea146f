// The provisioning wizard, from the first letter to an active tenant: what goes well, what fails, and what a browser does in between.
import { expect, PHONE, test } from './fixtures';
import { ask, fault, make, next, noFaults, openAs, runsOf, step, toReview } from './wizard';

test.afterEach(({ server }) => noFaults(server));

test('from the sign-in to an active tenant', async ({ page, server }, info) => {
  const ada = server.scene.operators[0];
  if (!ada) throw new Error('nobody is an operator');
  let clicks = 0;
  const click = async (name: string | RegExp, role: 'button' | 'link' = 'button') => {
    clicks += 1;
    await page.getByRole(role, { name }).first().click();
  };
  await page.goto('/sign-in');
  const began = Date.now();
  await page.getByText('Operator', { exact: true }).click();
  clicks += 1;
  await page.getByRole('textbox', { name: 'Email' }).fill(ada.email);
  await page.locator('input[name=password]').fill(ada.password);
  await click('Sign in');
  await click('New tenant', 'link');
  await page.getByLabel('Name').fill('Wayne Enterprises');
  await expect(page.getByLabel('Slug')).toHaveValue('wayne-enterprises');
  await click('Next');
  await step(page, 'Which plan?');
  await click('Next');
  await page.getByLabel('E-mail of the owner').fill('ops@wayne.example');
  await click('Next');
  await expect(page.getByText(/Estimated time: About /)).toBeVisible();
  await click('Make wayne-enterprises');
  await expect(page.getByText('wayne-enterprises is active')).toBeVisible();
  info.annotations.push({ type: 'figure', description: `${clicks} clicks, ${Date.now() - began} ms` });
  await expect(page.getByRole('region', { name: 'First access' })).toContainText('tnt_');
  expect(await ask<{ status: string }>(server, '/v1/tenants/wayne-enterprises')).toMatchObject({
    status: 'active',
  });
});

test('every step is accessible, in both colours and widths', async ({ page, server, axe }) => {
  test.slow();
  await openAs(page, server, '/tenants/new');
  await page.getByLabel('Name').fill('Acme');
  await expect(page.getByRole('button', { name: 'Use acme-2' })).toBeVisible();
  await axe();
  await page.getByRole('button', { name: 'Use acme-2' }).click();
  await expect(page.getByText('acme-2 is free.')).toBeVisible();
  await next(page);
  await step(page, 'Which plan?');
  await axe();
  await next(page);
  await step(page, 'Who gets in?');
  await next(page);
  await expect(page.getByText('Enter the address of whoever answers for it.')).toBeVisible();
  await axe();
  await page.getByLabel('E-mail of the owner').fill('ops@acme-2.example');
  await page.getByLabel(/E-mail domains/).fill(`${'long-'.repeat(10)}domain.example, acme.test`);
  await next(page);
  await step(page, 'All as it should be?');
  await axe();
});

test('a slug that is taken is told while one types, and stops the step', async ({ page, server }) => {
  await openAs(page, server, '/tenants/new');
  await page.getByLabel('Name').fill('Globex');
  await expect(page.getByText('Another tenant has this slug.')).toBeVisible();
  await next(page);
  await expect(page.getByRole('alert').or(page.locator('[data-part=error-text]'))).toContainText(
    'Another tenant has this slug.',
  );
  await step(page, 'Who is it?');
  await page.getByLabel('Slug').fill('-x');
  await expect(page.getByText('A slug does not begin or end with a hyphen.')).toBeVisible();
  await page.getByLabel('Slug').fill('globex-two');
  await expect(page.getByText('globex-two is free.')).toBeVisible();
  // The slug is theirs now: the name leads it no longer.
  await page.getByLabel('Name').fill('Globex Two Limited');
  await expect(page.getByLabel('Slug')).toHaveValue('globex-two');
  await next(page);
  await step(page, 'Which plan?');
});

test('what was taken meanwhile is shown at its field', async ({ page, server, watch }) => {
  watch.allow(/status of 409/);
  await openAs(page, server, '/tenants/new');
  await toReview(page, 'raced');
  await ask(server, '/v1/tenants', { slug: 'raced', name: 'First', admin_email: 'a@raced.example' });
  await make(page, 'raced').click();
  await step(page, 'Who is it?');
  await expect(page.getByText('Another tenant has the slug raced.')).toBeVisible();
  await expect(page.getByLabel('Slug')).toBeFocused();
  await page.getByLabel('Slug').fill('raced-again');
  await expect(page.getByText('raced-again is free.')).toBeVisible();
  await page.getByRole('tab', { name: /Review/ }).click();
  await make(page, 'raced-again').click();
  await expect(page.getByText('raced-again is active')).toBeVisible();
});

test('a step that fails is shown with its undo, and a retry makes the tenant', async ({
  page,
  server,
  axe,
}) => {
  test.slow();
  await fault(server, 'create.verify.before', 'fail');
  await openAs(page, server, '/tenants/new');
  await toReview(page, 'stumbles');
  await make(page, 'stumbles').click();
  await expect(page.getByText('Verify failed, and everything was undone')).toBeVisible();
  const steps = page.getByRole('list', { name: 'Steps' });
  await expect(steps.locator('[data-step=verify]')).toContainText('a test made this point fail');
  for (const name of ['reserve', 'place', 'migrate', 'isolate', 'seed', 'extras'])
    await expect(steps.locator(`[data-step=${name}] [data-status]`)).toHaveText('Undone');
  await expect(page.getByText('They open nothing now; they will if a retry succeeds.')).toBeVisible();
  const key = await page.locator('[data-secret]').first().textContent();
  await axe();
  await noFaults(server);
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByText('stumbles is active')).toBeVisible();
  await expect(steps.locator('[data-step=verify]')).toContainText('attempt 2');
  // The key that was shown is good now.
  const me = await fetch(`${server.url}/v1/me`, { headers: { Authorization: `Bearer ${key}` } });
  expect(await me.json()).toMatchObject({ tenant: 'stumbles' });
});

test('a reload in the middle goes on where it was', async ({ page, server }) => {
  await openAs(page, server, '/tenants/new');
  await page.getByLabel('Name').fill('midway');
  await expect(page.getByText('midway is free.')).toBeVisible();
  await next(page);
  await page.getByText('Starter', { exact: true }).click();
  await page.reload();
  await step(page, 'Which plan?');
  await expect(page.getByRole('radio', { name: /Starter/ })).toBeChecked();
  await next(page);
  await page.getByLabel('E-mail of the owner').fill('ops@midway.example');
  await next(page);
  await fault(server, 'create.migrate.before', 'hold');
  await make(page, 'midway').click();
  await expect(page.getByRole('progressbar', { name: 'Progress of the run' })).toBeVisible();
  const key = await page.locator('[data-secret]').first().textContent();
  const address = page.url();
  await page.reload();
  expect(page.url()).toBe(address);
  await expect(page.getByRole('progressbar', { name: 'Progress of the run' })).toBeVisible();
  await noFaults(server);
  await expect(page.getByText('midway is active')).toBeVisible();
  await page.getByRole('button', { name: 'Show key and invitation' }).click();
  await expect(page.locator('[data-secret]').first()).toHaveText(key ?? '');
  expect(await runsOf(server, 'midway')).toHaveLength(1);
  await page.getByRole('button', { name: 'I have stored them, put them away' }).click();
  await expect(page.locator('[data-secret]')).toHaveCount(0);
  await page.reload();
  await expect(page.getByText('midway is active')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Show key and invitation' })).toHaveCount(0);
});

test('a second click makes no second tenant', async ({ page, server }) => {
  await openAs(page, server, '/tenants/new');
  await toReview(page, 'twice');
  await make(page, 'twice').dblclick();
  await expect(page.getByText('twice is active')).toBeVisible();
  expect(await runsOf(server, 'twice')).toHaveLength(1);
});

test('an answer that is lost is asked for again, and it is the same tenant', async ({
  page,
  server,
  watch,
}) => {
  watch.allow(/net::ERR_/);
  await openAs(page, server, '/tenants/new');
  await toReview(page, 'lost-answer');
  let lost = 0;
  await page.route('**/v1/tenants', async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort('connectionreset');
  });
  await make(page, 'lost-answer').click();
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  expect(lost).toBe(1);
  // As if the tab had been loaded again in between: the key is the same.
  await page.reload();
  await step(page, 'All as it should be?');
  await make(page, 'lost-answer').click();
  await expect(page.getByText('lost-answer is active')).toBeVisible();
  expect(await runsOf(server, 'lost-answer')).toHaveLength(1);
});

test('with the keyboard alone', async ({ page, server }) => {
  await openAs(page, server, '/tenants/new');
  await expect(page.getByLabel('Name')).toBeFocused();
  await page.keyboard.type('Keys Only');
  await expect(page.getByText('keys-only is free.')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Which plan?' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: /Starter/ })).toBeChecked();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Who gets in?' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.type('keys@only.example');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'All as it should be?' })).toBeFocused();
  await page.keyboard.press('Tab');
  for (let tabs = 0; tabs < 20; tabs += 1) {
    if (await make(page, 'keys-only').evaluate((one) => one === document.activeElement)) break;
    await page.keyboard.press('Tab');
  }
  await expect(make(page, 'keys-only')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByText('keys-only is active')).toBeVisible();
});

test('on a phone', async ({ page, server }) => {
  await page.setViewportSize(PHONE);
  await openAs(page, server, '/tenants/new');
  await toReview(page, 'pocket');
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(await wide()).toBeLessThanOrEqual(0);
  await make(page, 'pocket').click();
  await expect(page.getByText('pocket is active')).toBeVisible();
  expect(await wide()).toBeLessThanOrEqual(0);
});

test('back and forward walk the steps; leaving asks', async ({ page, server }) => {
  await openAs(page, server, '/runs');
  await page.getByRole('link', { name: 'New tenant' }).click();
  await toReview(page, 'wanderer');
  await page.goBack();
  await step(page, 'Who gets in?');
  await page.goBack();
  await step(page, 'Which plan?');
  await expect(page.getByRole('radio', { name: /Pro/ })).toBeChecked();
  await page.goForward();
  await expect(page.getByLabel('E-mail of the owner')).toHaveValue('ops@wanderer.example');
  // A step that was seen is a click away.
  await page.getByRole('tab', { name: /Review/ }).click();
  await step(page, 'All as it should be?');
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('Nothing has been made.');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await step(page, 'All as it should be?');
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await question.getByRole('button', { name: 'Discard and leave' }).click();
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
  await page.getByRole('link', { name: 'New tenant' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('');
});

test('what it begins with is chosen, reviewed and made', async ({ page, server, axe }) => {
  await openAs(page, server, '/tenants/new');
  await page.getByLabel('Name').fill('begins');
  await expect(page.getByText('begins is free.')).toBeVisible();
  await next(page);
  await step(page, 'Which plan?');
  await next(page);
  await page.getByLabel('E-mail of the owner').fill('ops@begins.example');
  await expect(page.getByText(/Schema version 1, the one that this server serves\./)).toBeVisible();
  await page.getByText('Demo data', { exact: true }).click();
  await expect(page.getByRole('checkbox', { name: 'Demo data' })).toBeChecked();
  await axe();
  await next(page);
  await step(page, 'All as it should be?');
  await expect(page.getByText('1, the newest')).toBeVisible();
  await expect(page.getByText('Three agents with a task and a message each')).toBeVisible();
  await expect(page.getByText('--demo-data')).toBeVisible();
  await expect(page.getByText('"demo_data":true')).toBeVisible();
  await make(page, 'begins').click();
  await expect(page.getByText('begins is active')).toBeVisible();
  const steps = page.getByRole('list', { name: 'Steps' });
  await expect(steps.locator('[data-step=demo_data]')).toContainText('3 agents, 3 tasks, 3 messages');
  expect(await ask(server, '/v1/tenants/begins')).toMatchObject({ schema_version: '1' });
});

test('who may not make tenants is told so', async ({ page, server }) => {
  await openAs(page, server, '/tenants/new', 'auditor');
  await expect(page.getByText('Only admins make tenants')).toBeVisible();
});
