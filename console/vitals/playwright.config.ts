// The measurements of `scripts/console vitals`: no tests, since nothing is asserted of time. Chromium as the tests start it.
import { defineConfig } from '@playwright/test';
import tests from '../playwright.config';

// A project of the tests is one of their files, and has no measurement in it.
const { projects: _, ...all } = tests;

export default defineConfig({ ...all, testDir: '.', timeout: 600_000, use: { ...tests.use, trace: 'off', actionTimeout: 60_000 } });
