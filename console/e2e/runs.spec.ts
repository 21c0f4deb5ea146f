// Runs: the list with its filters, a run in its views, rollback and retry, and who may do them.
import { expect, test } from './fixtures';
import { ask, fault, noFaults, openAs, runsOf } from './wizard';

test.afterEach(({ server }) => noFaults(server));

interface Begun {
  run: { id: string };
}

const wish = (slug: string) => ({ slug, name: slug, admin_email: `ops@${slug}.example` });

test('filters are in the URL, and survive a reload', async ({ page, server, axe }) => {
  test.slow();
  await openAs(page, server, '/runs');
  const table = page.getByRole('table', { name: 'Runs' });
  await expect(table.getByRole('link', { name: 'Create acme' })).toBeVisible();
  await axe();
  await page.getByLabel('Kind').selectOption('suspend');
  await expect(page).toHaveURL(/kind=suspend/);
  await expect(table.getByRole('link')).toHaveText(['Suspend initech']);
  await page.reload();
  await expect(table.getByRole('link')).toHaveText(['Suspend initech']);
  await page.getByRole('searchbox', { name: 'Slug of the tenant' }).fill('globex');
  await expect(page.getByText('No run matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(table.getByRole('link', { name: 'Create acme' })).toBeVisible();
});

test('failed only, and back to a run that works', async ({ page, server }) => {
  await openAs(page, server, '/runs?failed=true');
  await expect(
    page.getByText('No run has failed').or(page.getByRole('table', { name: 'Runs' })),
  ).toBeVisible();
  await fault(server, 'create.isolate.before', 'fail');
  await ask<Begun>(server, '/v1/tenants', wish('fails-once'));
  // It comes by itself, over the stream.
  await page.getByRole('link', { name: 'Create fails-once' }).click();
  await expect(page.getByText('Isolation failed, and everything was undone')).toBeVisible();
  await noFaults(server);
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByText('fails-once is active')).toBeVisible();
});

test('a run has three views, in the URL', async ({ page, server, axe }) => {
  test.slow();
  const [run] = await runsOf(server, 'acme');
  await openAs(page, server, `/runs/${run?.id}`);
  await expect(page.getByRole('list', { name: 'Steps' }).getByRole('listitem')).toHaveCount(8);
  await axe();
  await page.getByRole('tab', { name: 'Compact' }).click();
  await expect(page).toHaveURL(/view=compact/);
  await expect(page.getByRole('cell', { name: 'activate' })).toBeVisible();
  await axe();
  await page.getByRole('tab', { name: 'JSON' }).click();
  await page.reload();
  await expect(page.getByRole('region', { name: 'The run as the API tells it' })).toContainText(
    `"id": "${run?.id}"`,
  );
  await page.getByRole('link', { name: 'Runs' }).first().click();
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
});

test('a rollback wants the slug, and is seen to the end', async ({ page, server }) => {
  const { run } = await ask<Begun>(server, '/v1/tenants', wish('short-lived'));
  await openAs(page, server, `/runs/${run.id}`);
  await expect(page.getByText('short-lived is active')).toBeVisible();
  await page.getByRole('button', { name: 'Roll back' }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('short-lived is removed with everything in it');
  const sure = question.getByRole('button', { name: 'Roll back' });
  await question.getByLabel(/to confirm/).fill('short');
  await expect(sure).toBeDisabled();
  await question.getByLabel(/to confirm/).fill('short-lived');
  await sure.click();
  await expect(page.getByText('This run was taken back')).toBeVisible();
  await expect(page.locator('[data-step=reserve] [data-status]')).toHaveText('Undone');
});

test('a rollback that is refused says why', async ({ page, server, watch }) => {
  watch.allow(/status of 409/);
  const { run } = await ask<Begun>(server, '/v1/tenants', wish('goes-on'));
  await openAs(page, server, `/runs/${run.id}`);
  await expect(page.getByText('goes-on is active')).toBeVisible();
  await ask(server, '/v1/tenants/goes-on/suspend', { reason: 'a test' });
  await page.getByRole('button', { name: 'Roll back' }).click();
  const question = page.getByRole('alertdialog');
  await question.getByLabel(/to confirm/).fill('goes-on');
  await question.getByRole('button', { name: 'Roll back' }).click();
  await expect(question.getByText('Not possible in the present state')).toBeVisible();
  await expect(question.getByRole('button', { name: /Copy request id/ })).toBeVisible();
});

test('a run that is not there is help, not a blank page', async ({ page, server, watch }) => {
  watch.allow(/status of 404/);
  await openAs(page, server, '/runs/run_01m81qt5dqetrrd6h76gtjg62y');
  await expect(page.getByRole('alert')).toContainText('Not found');
});

test('an auditor reads, and is offered nothing else', async ({ page, server }) => {
  const [run] = await runsOf(server, 'acme');
  await openAs(page, server, `/runs/${run?.id}`, 'auditor');
  await expect(page.getByRole('list', { name: 'Steps' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Roll back' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Retry' })).toHaveCount(0);
});
