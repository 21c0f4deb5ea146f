// Who signs in, and a page that tolerates no word on the browser's console. Used by every test here.
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

function needed(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(
      `${name} is not set: these tests need a server that runs, and an operator who can sign in`,
    );
  return value;
}

export const operator = () => ({
  email: needed('TENANTRY_E2E_OPERATOR'),
  password: needed('TENANTRY_E2E_PASSWORD'),
});

/** What a test expects the browser to complain of, such as a sign-in that is refused. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      const heard: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) heard.push(message.text());
      });
      page.on('pageerror', (error) => heard.push(String(error)));
      await use(heard);
      expect(heard).toEqual([]);
    },
    { auto: true },
  ],
});

export async function signIn(page: Page) {
  const { email, password } = operator();
  await page.getByText('Operator', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Email' }).fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** No finding of axe that is serious or worse. */
export async function accessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  expect(grave.map((one) => [one.id, one.nodes.map((node) => node.target.join(' '))])).toEqual([]);
}

export { expect };
