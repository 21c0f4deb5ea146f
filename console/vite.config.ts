// Build, the proxy to a real server, and unit tests. Used by vite and vitest.
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server believes only pages of its own origin, so the proxy names that one.
const server = process.env.TENANTRY_URL ?? 'http://127.0.0.1:8080';
const proxy = Object.fromEntries(
  ['/v1', '/health', '/readyz', '/livez', '/docs', '/openapi.json'].map((path) => [
    path,
    { target: server, changeOrigin: true, headers: { origin: new URL(server).origin } },
  ]),
);

// As the server says it, so that a preview refuses what the server would refuse.
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // No data: URLs: what the policy allows stays small.
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 900,
  },
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy, headers: { 'Content-Security-Policy': policy } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    // A busy machine takes its time; what is right comes much sooner.
    testTimeout: 30_000,
  },
});
