import { defineConfig } from '@playwright/test';
import mock from './playwright.config';

/** As against the fake gateway, but one home: the daemon as built, with the boards of `make run`. */
export default defineConfig({
  ...mock,
  testDir: 'test/gateway',
  outputDir: 'test-results/gateway',
  globalSetup: './test/gateway/setup.ts',
  workers: 1,
  timeout: 90_000,
});
