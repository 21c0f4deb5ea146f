// End-to-end tests in real Chromium against a real server.
import { defineConfig } from '@playwright/test';

export default defineConfig({ testDir: 'e2e' });
