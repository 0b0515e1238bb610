import { test as base, expect, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { serve, type MockServer } from '../../mocks/server';
import { sampleWorld } from '../../mocks/sample';
import type { World } from '../../mocks/world';

interface Home {
  world: World;
  server: MockServer;
  /** Signs in on this page and waits for the panel. */
  enter(page: Page): Promise<void>;
  /** Signs somebody else in. */
  enterAs(page: Page, who: { name: string; password: string }): Promise<void>;
  /** A page in a browser of its own. */
  browser(): Promise<Page>;
  /** Signs in on this page and on a second screen, which is answered. */
  enterTwice(page: Page): Promise<Page>;
}

/** Every test has a home and a gateway of its own. */
export const test = base.extend<{ home: Home }>({
  home: async ({ browser }, use) => {
    const world = sampleWorld();
    world.timeoutMs = 150;
    const server = await serve(world);
    const enterAs = async (page: Page, { name, password }: { name: string; password: string }) => {
      await page.goto(server.url);
      await page.getByLabel('Your name').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('heading', { name: 'Switches', exact: true })).toBeVisible();
    };
    const enter = async (page: Page): Promise<void> => {
      await enterAs(page, world.person);
      await expect(card(page, 'Counter light')).toBeVisible();
    };
    const contexts: BrowserContext[] = [];
    await use({
      world,
      server,
      enter,
      enterAs,
      async browser() {
        const context = await browser.newContext();
        contexts.push(context);
        return context.newPage();
      },
      async enterTwice(page) {
        await enter(page);
        // A window of its own: browsers slow down tabs that are behind another.
        const context = await browser.newContext({ storageState: await page.context().storageState() });
        contexts.push(context);
        const other = await context.newPage();
        await other.goto(server.url);
        await expect(card(other, 'Counter light')).toBeVisible();
        return other;
      },
    });
    for (const context of contexts) await context.close();
    await server.stop();
  },
});

export const card = (page: Page, name: string): Locator => page.locator(`[data-switch-name="${name}"]`);

export const status = (page: Page, name: string): Locator => card(page, name).getByTestId('switch-status');

export { expect };

/** Goes to a page as a person does: on small screens some are behind "More". */
export async function open(page: Page, name: string): Promise<void> {
  const pages = page.getByRole('navigation').getByRole('link', { name });
  if (!(await pages.isVisible())) {
    await page.getByRole('link', { name: 'More' }).click();
    await page.getByRole('main').getByRole('link', { name }).click();
  } else {
    await pages.click();
  }
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}
