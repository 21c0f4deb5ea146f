// First paint and interaction delay of the sign-in and of home on a machine a fourth as fast, and what a table of 50 tenants costs.
// Prints the figures and writes them where CONSOLE_VITALS names a file. Called by `scripts/console vitals`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { DESKTOP, enter, test } from '../e2e/fixtures';
import type { Server } from '../e2e/server';
import { observe, type Seen, seen, type Work, workOf } from './observe';
import { tenantsOf } from './tenants';

const RUNS = 3;
const SLOWER = 4;

type Figures = Record<string, number>;
const figures: Record<string, Figures> = {};

test.afterAll(() => {
  for (const [name, row] of Object.entries(figures)) {
    const told = Object.entries(row).map(([word, figure]) => `${word} ${figure}`);
    process.stdout.write(`${name}: ${told.join(', ')}\n`);
  }
  const file = process.env.CONSOLE_VITALS;
  if (!file) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ runs: RUNS, slowed_down: SLOWER, figures }, null, 2)}\n`);
});

test('sign-in', async ({ browser, server }) => {
  figures['sign-in, ms'] = await paints(browser, server, async (page) => {
    await page.goto('/sign-in');
    const email = page.getByLabel('Email');
    await email.click();
    await page.keyboard.type('ada@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.getByText('Show password').click();
  });
});

test('home', async ({ browser, server }) => {
  const [ada] = server.scene.operators;
  figures['home, ms'] = await paints(
    browser,
    server,
    async (page) => {
      await page.goto('/');
      await page.getByRole('region', { name: 'Fleet' }).getByText('3 tenants').waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type('aud');
      await page.keyboard.press('Escape');
      await page.getByRole('banner').getByRole('button').last().click();
      await page.getByRole('menu').waitFor();
      await page.keyboard.press('Escape');
    },
    (page) => enter(page, ada ?? { email: '', password: '' }, true),
  );
});

test('50 tenants', async ({ browser, server }) => {
  const draws: Work[] = [];
  const sorts: Work[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await newPage(browser, server);
    const [ada] = server.scene.operators;
    await enter(page, ada ?? { email: '', password: '' }, true);
    const answers = await tenantsOf(page);
    const cdp = await page.context().newCDPSession(page);
    // Of the thread, not of the clock: what others do on the machine counts for nothing.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto('/tenants');
    await answers.asked();
    draws.push(
      await workOf(page, cdp, async () => {
        answers.give();
        await page.locator('[data-row]').nth(49).waitFor();
      }),
    );
    sorts.push(
      await workOf(page, cdp, async () => {
        await page.getByRole('columnheader').getByRole('button', { name: 'Name' }).click();
        await answers.asked();
        answers.give();
        await page.locator('tbody tr').first().filter({ hasText: 'Tenant 5,000' }).waitFor();
      }),
    );
    await page.context().close();
  }
  figures['50 tenants are drawn, ms'] = best(draws);
  figures['50 tenants are sorted anew, ms'] = best(sorts);
});

/** A tab that has seen nothing yet. */
async function newPage(browser: Browser, server: Server): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.consoleUrl, viewport: DESKTOP });
  return context.newPage();
}

async function paints(
  browser: Browser,
  server: Server,
  walk: (page: Page) => Promise<void>,
  before?: (page: Page) => Promise<void>,
): Promise<Figures> {
  const all: Seen[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await newPage(browser, server);
    await before?.(page);
    await observe(page);
    const cdp = await page.context().newCDPSession(page);
    // Nobody has been here before: what the way here has loaded does not count.
    await cdp.send('Network.clearBrowserCache');
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await walk(page);
    all.push(await seen(page));
    await page.context().close();
  }
  return best(all);
}

/** The smallest of each: what others on the machine add is none of ours. */
function best<Row extends object>(rows: Row[]): Figures {
  const words = Object.keys(rows[0] ?? {}) as (keyof Row & string)[];
  const digits = (word: string) => (word === 'cls' ? 1000 : 1);
  return Object.fromEntries(
    words.map((word) => {
      const least = Math.min(...rows.map((row) => Number(row[word])));
      return [word, Math.round(least * digits(word)) / digits(word)];
    }),
  );
}
