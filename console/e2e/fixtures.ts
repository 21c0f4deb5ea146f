// What every end-to-end test has: a real server, whoever it wants to be, axe, and a watch on the console of the browser.
// Used by all specs: `import { expect, test } from './fixtures'`.
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { type MemberRole, type OperatorRole, type Person, type Server, startServer } from './server';

interface Watch {
  /** Messages that the test wants to happen, such as `status of 422`: Chromium tells of every refused request. */
  allow: (message: RegExp) => void;
}

interface OfTest {
  /** Signs in as an operator; admin where no role is named. */
  asOperator: (role?: OperatorRole) => Promise<Person>;
  /** Signs in as a member of a tenant, acme where none is named, and opens its first page. */
  asMember: (role: MemberRole, tenant?: string) => Promise<Person>;
  /** Nothing serious on the page, in light and dark, on a desktop and a phone. */
  axe: () => Promise<void>;
  watch: Watch;
}

interface OfWorker {
  server: Server;
  /** Arguments of the server. */
  serverArgs: string[];
}

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export const test = base.extend<OfTest, OfWorker>({
  serverArgs: [[], { option: true, scope: 'worker' }],
  server: [
    async ({ serverArgs }, use) => {
      const server = await startServer(serverArgs);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  baseURL: async ({ server }, use) => use(server.consoleUrl),
  asOperator: async ({ page, server }, use) =>
    use(async (role = 'admin') => {
      const person = found(server.scene.operators, role);
      await enter(page, person, true);
      await page.goto('/');
      return person;
    }),
  asMember: async ({ page, server }, use) =>
    use(async (role, tenant = 'acme') => {
      const person = found(server.scene.tenants.find(({ slug }) => slug === tenant)?.members ?? [], role);
      await enter(page, person, false);
      await page.goto(`/t/${tenant}`);
      return person;
    }),
  axe: async ({ page }, use) => use(() => lookedOver(page)),
  watch: [
    async ({ page }, use) => {
      const allowed: RegExp[] = [];
      const seen: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) seen.push(message.text());
      });
      page.on('pageerror', (error) => seen.push(error.stack ?? error.message));
      await use({ allow: (message) => allowed.push(message) });
      expect(
        seen.filter((text) => !allowed.some((message) => message.test(text))),
        'errors and warnings in the console of the browser',
      ).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

function found(people: Person[], role: string): Person {
  const person = people.find((one) => one.role === role);
  if (!person) throw new Error(`nobody is ${role}`);
  return person;
}

/** As the form of the sign-in does, without typing: the cookie, and the word that there is a session. */
export async function enter(page: Page, person: Pick<Person, 'email' | 'password'>, operator: boolean) {
  if ((await page.context().cookies()).length > 0) {
    // Whoever was signed in before is gone first: a renewal of theirs on its way would else come after the new session, and take its place.
    await page.evaluate(() => localStorage.removeItem('tenantry.session'));
    await page.goto('about:blank');
    await page.context().clearCookies();
  }
  await page.goto('/sign-in');
  const status = await page.evaluate(
    async ({ email, password, operator }) => {
      const answer = await fetch('/v1/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email, password, operator, cookie: true }),
      });
      localStorage.setItem('tenantry.session', operator ? 'operator' : 'member');
      return answer.status;
    },
    { email: person.email, password: person.password, operator },
  );
  expect(status, `sign-in of ${person.email}`).toBe(200);
}

async function lookedOver(page: Page) {
  const before = page.viewportSize() ?? DESKTOP;
  for (const viewport of [DESKTOP, PHONE]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expect(page.locator('html')).toHaveClass(new RegExp(colorScheme));
      expect(await grave(page), `axe, ${colorScheme}, ${viewport.width} px`).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, `wider than ${viewport.width} px by`).toBeLessThanOrEqual(0);
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(before);
}

/** What axe finds that is serious or critical. */
async function grave(page: Page): Promise<string[]> {
  // In the page itself: the other mode opens a second page for each look, for frames, of which the console has none. Four times as quick.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  const { violations } = await axe.analyze();
  const found = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`)}`);
}
