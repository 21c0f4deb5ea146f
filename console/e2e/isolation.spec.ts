// The proof of isolation: asked for, watched, read, compared, handed on; and the refusals of every day.
import { readFile } from 'node:fs/promises';
import { ask } from './api';
import { expect, test } from './fixtures';

// A server of its own, whose first proof this is.
test.use({ serverArgs: ['--slots=1'] });

test('the proof is run, watched, read, compared with the one before, and handed on', async ({
  page,
  asOperator,
  axe,
}) => {
  test.setTimeout(240_000);
  await asOperator();
  await page.goto('/isolation');
  await expect(page.getByText('Isolation was never proved here')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Counters' })).toContainText('must be 0, and is');
  await axe();
  await page.getByRole('button', { name: 'Run the proof' }).first().click();
  const form = page.getByRole('dialog', { name: 'Run the proof' });
  await form.getByRole('textbox', { name: 'Seed' }).fill('soon');
  await form.getByRole('button', { name: 'Run the proof' }).click();
  await expect(form).toContainText('A whole number');
  await form.getByRole('textbox', { name: 'Tenant' }).fill('initech');
  await form.getByRole('textbox', { name: 'Seed' }).fill('7');
  await form.getByRole('button', { name: 'Run the proof' }).click();

  await expect(page).toHaveURL(/\/isolation\/iso_/);
  await expect(page.getByRole('heading', { name: 'Isolation of initech', level: 1 })).toBeVisible();
  await expect(page.getByRole('progressbar', { name: 'Progress of the proof' })).toBeVisible();
  await expect(page.getByText(/\d+ of [\d,]+ attempts refused, 0 open/)).toBeVisible({ timeout: 90_000 });
  const badge = page.getByRole('heading', { level: 1 }).locator('..');
  await expect(badge).toContainText('Passed', { timeout: 90_000 });
  await expect(page.getByText('Nothing is open')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Copy seed 7' })).toBeVisible();
  for (const layer of ['Catalogue', 'Live', 'HTTP'])
    await expect(page.getByRole('region', { name: layer })).toContainText(/(\d+) of \1 checks hold/);
  await expect(page.getByText('There is none before this over the same scope.')).toBeVisible();
  const first = page.getByRole('region', { name: 'Catalogue' }).getByRole('button').first();
  await first.focus();
  await page.keyboard.press('Enter');
  await expect(first).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByText(/examined, .* as they must be, 0 open/).first()).toBeVisible();
  await axe();

  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download JSON' }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toMatch(/^isolation-initech-.*\.json$/);
  const report = JSON.parse(await readFile(await saved.path(), 'utf8'));
  expect(report).toMatchObject({ tenant: 'initech', seed: 7, status: 'passed', open: 0 });

  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(form.getByRole('textbox', { name: 'Seed' })).toHaveValue('7');
  await form.getByRole('button', { name: 'Run the proof' }).click();
  await expect(page).not.toHaveURL(new RegExp(report.id));
  await expect(badge).toContainText('Passed', { timeout: 90_000 });
  const compared = page.getByRole('region', { name: 'Compared with the report before' });
  await expect(compared).toContainText('with the same software');
  await expect(compared.getByRole('link', { name: 'The one before' })).toHaveAttribute(
    'href',
    `/isolation/${report.id}`,
  );

  await page.goto(`/isolation/${report.id}/print`);
  const paper = page.getByRole('main');
  for (const fact of ['Tenant initech, against all others', 'tenantry', 'Signature', 'Method:', report.id])
    await expect(paper).toContainText(fact);
  await expect(paper.getByRole('row')).toHaveCount(report.checks.length + 3);
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('button', { name: 'Print or save as PDF' })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });
  await axe();

  await page.goto('/tenants/initech?view=isolation');
  await expect(page.getByRole('region', { name: 'Reports of this tenant' }).getByText('Passed')).toHaveCount(
    2,
  );
  // What is said of another tenant holds, however many reports there are.
  await page.goto('/tenants/acme?view=isolation');
  await expect(page.getByText('There is no report about it, and none of all tenants.')).toBeVisible();
});

test('a refused request is told with both tenants, and leads to its event', async ({
  page,
  asOperator,
  server,
  axe,
}) => {
  const key = server.scene.tenants.find(({ slug }) => slug === 'globex')?.api_key;
  const answer = await fetch(`${server.url}/v1/agents`, {
    headers: { Authorization: `Bearer ${key}`, 'X-Tenant-Slug': 'initech' },
  });
  expect(answer.status).toBe(403);
  await expect(async () => {
    const { items } = await ask<{ items: unknown[] }>(
      server,
      'GET',
      '/v1/audit-events?action=tenant.mismatch&tenant=globex',
    );
    expect(items).toHaveLength(1);
  }).toPass();
  await asOperator('auditor');
  await page.goto('/isolation?view=refusals');
  await expect(page.getByRole('button', { name: 'Run the proof' })).toHaveCount(0);
  const refusal = page
    .getByRole('list', { name: 'Refusals' })
    .getByRole('listitem')
    .filter({ hasText: 'globex' });
  await expect(refusal).toContainText('API key of globex named initech in 1 request. Refused.');
  await axe();
  await refusal.getByRole('link', { name: 'Open event' }).click();
  const drawer = page.getByRole('dialog', { name: 'tenant.mismatch' });
  await expect(drawer).toContainText('initech');
  await expect(drawer).toContainText('127.0.0.1');
});

test('a report that is none', async ({ page, asOperator, watch }) => {
  watch.allow(/status of 404/);
  await asOperator();
  await page.goto('/isolation/iso_00000000000000000000000000');
  await expect(page.getByRole('alert')).toContainText('Not found');
});
