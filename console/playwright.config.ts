// End-to-end tests in real Chromium against a real server, which `e2e/server.ts` starts; the console is the one it has in it.
// By the environment: CONSOLE_SERVER and TENANTRY_BINARY are the binaries, CONSOLE_PREVIEW=1 puts `dist/` in front of them.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e',
  forbidOnly: true,
  retries: 0,
  // A debug build with others at work beside it takes its time; what is right comes much sooner.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: 'list',
  use: {
    trace: 'retain-on-failure',
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
