import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { serve, type MockServer } from '../../mocks/server';
import { sampleWorld, World } from '../../mocks/world';

interface Home {
  world: World;
  server: MockServer;
  /** Signs in on this page and waits for the panel. */
  enter(page: Page): Promise<void>;
}

/** Every test has a home and a gateway of its own. */
export const test = base.extend<{ home: Home }>({
  home: async ({}, use) => {
    const world = sampleWorld();
    world.timeoutMs = 150;
    const server = await serve(world);
    await use({
      world,
      server,
      async enter(page) {
        await page.goto(server.url);
        await page.getByLabel('Your name').fill(world.person.name);
        await page.getByLabel('Password').fill(world.person.password);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await expect(page.getByRole('heading', { name: 'Switches' })).toBeVisible();
        await expect(card(page, 'Counter light')).toBeVisible();
      },
    });
    await server.stop();
  },
});

export const card = (page: Page, name: string): Locator => page.locator(`[data-switch-name="${name}"]`);

export const status = (page: Page, name: string): Locator => card(page, name).getByTestId('switch-status');

export { expect };
