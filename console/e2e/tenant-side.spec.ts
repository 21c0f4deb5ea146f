// The tenant's side of the console.
import { expect, test } from './fixtures';

test('overview', async ({ page, asMember, axe }) => {
  await asMember('owner');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Robotics');
  await axe();
});
