import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'specs',
  // A story starts a server and several browsers of its own; two at a time are enough for two cores.
  workers: 1,
  forbidOnly: true,
  // A test that passes only when repeated has found something.
  retries: 0,
  // Generous: a slow machine is no failure. Nothing here asserts a time.
  timeout: 3 * 60_000,
  use: { actionTimeout: 20_000 },
  expect: { timeout: 20_000 },
  outputDir: 'test-results',
});
