// End-to-end tests in real Chromium against a real server, which `e2e/server.ts` starts; the console is the one it has in it.
// By the environment: CONSOLE_SERVER and TENANTRY_BINARY are the binaries, CONSOLE_PREVIEW=1 puts `dist/` in front of them.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';

const files = readdirSync(fileURLToPath(new URL('e2e', import.meta.url))).filter((name) =>
  name.endsWith('.spec.ts'),
);

export default defineConfig({
  testDir: 'e2e',
  forbidOnly: true,
  retries: 0,
  // A debug build with others at work beside it takes its time; what is right comes much sooner.
  timeout: 120_000,
  // Of the whole run, whatever it waits for.
  globalTimeout: 30 * 60_000,
  expect: { timeout: 20_000 },
  // A worker waits for the server and the server for it: two are quicker than one, more want more processors.
  workers: 2,
  reporter: 'list',
  // A file is a project, since workers are of one: each file has a server of its own, and meets nothing that another one left.
  projects: files.map((file) => ({ name: file.replace('.spec.ts', ''), testMatch: `**/${file}` })),
  use: {
    // A failure leaves the page as text and as a picture. `--trace on` records all of it, and takes half as long again.
    screenshot: 'only-on-failure',
    // Nothing to wait for but what is tested: no test is of an animation.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: process.env.TENANTRY_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
