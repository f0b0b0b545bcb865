import { defineConfig } from '@playwright/test';

// What scripts/bench measures in a browser. A missed goal is a row of its table, not a failure.
export default defineConfig({
  testDir: 'bench',
  testMatch: '*.bench.ts',
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 45 * 60_000,
  use: { actionTimeout: 900_000 },
  expect: { timeout: 900_000 },
  outputDir: 'test-results',
});
