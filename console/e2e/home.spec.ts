// Home of operators: what needs attention leads to what mends it; the fleet; a platform without tenants.
import { expect, test } from './fixtures';
import { ask, fault, noFaults, openAs } from './wizard';

test.afterEach(({ server }) => noFaults(server));

test('the fleet, and what happened last', async ({ page, server, axe }) => {
  test.slow();
  await openAs(page, server, '/');
  await expect(page.getByRole('region', { name: 'Fleet' })).toContainText('3 tenants');
  await expect(
    page.getByRole('region', { name: 'Recent runs' }).getByRole('link', { name: 'Create acme' }),
  ).toBeVisible();
  await expect(page.getByRole('region', { name: 'Audit trail' })).toContainText('tenant.');
  await axe();
});

test('a run that failed shows up by itself, with the way to it', async ({ page, server }) => {
  await openAs(page, server, '/');
  const matters = page.getByRole('region', { name: 'Needs attention' });
  await expect(matters.locator('[data-matter=isolation]')).toContainText('Isolation was never proved here');
  await fault(server, 'create.place.before', 'fail');
  await ask(server, '/v1/tenants', { slug: 'trips', name: 'Trips', admin_email: 'a@trips.example' });
  const failed = matters.locator('[data-matter=rolled_back]');
  await expect(failed).toContainText('1 run of the last 24 h failed or was taken back');
  await failed.getByRole('link', { name: 'Look and retry' }).click();
  await expect(page).toHaveURL(/\/runs\?failed=true/);
  await expect(page.getByRole('link', { name: 'Create trips' })).toBeVisible();
});

test('without tenants it leads to the first', async ({ page, server, axe }) => {
  test.slow();
  // The server of the tests has tenants: of its own answer only the count is changed.
  await page.route('**/v1/overview', async (route) => {
    const answer = await route.fetch();
    const glance = await answer.json();
    await route.fulfill({ response: answer, json: { ...glance, tenants: { ...glance.tenants, total: 0 } } });
  });
  await openAs(page, server, '/');
  await expect(page.getByRole('heading', { name: 'Make your first tenant' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Or by command' })).toContainText(
    'tenantry tenant create acme',
  );
  await axe();
  await page.getByRole('main').getByRole('link', { name: 'New tenant' }).click();
  await expect(page.getByRole('heading', { name: 'Who is it?' })).toBeVisible();
});

test('a platform that cannot be read says so, and tries again', async ({ page, server, watch }) => {
  watch.allow(/status of 503/);
  let away = true;
  await page.route('**/v1/overview', (route) =>
    away
      ? route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            code: 'unavailable',
            title: 'Not available',
            detail: 'The database does not answer.',
          }),
        })
      : route.continue(),
  );
  await openAs(page, server, '/');
  await expect(page.getByText('The database does not answer.')).toBeVisible();
  away = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('region', { name: 'Fleet' })).toContainText('tenants');
});
