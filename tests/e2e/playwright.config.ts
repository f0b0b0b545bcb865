import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'specs',
  // A story starts a server and several browsers of its own: enough for two cores.
  workers: 1,
  forbidOnly: true,
  // A test that passes only when repeated has found something.
  retries: 0,
  // Generous: a slow machine is no failure. Nothing here asserts a time.
  timeout: 10 * 60_000,
  use: { actionTimeout: 60_000 },
  expect: { timeout: 60_000 },
  outputDir: 'test-results',
});
