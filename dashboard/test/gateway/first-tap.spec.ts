/** The first tap, as a person has it: the daemon, the boards' own firmware, Debian's browser. */
import type { Page } from '@playwright/test';
import { card, expect, link, origin, press, signalBoard, status, test, watchOver } from './home';

const CONFIRMED = /^(on|off) · confirmed in \d+(\.\d+)? ms$/;

/** Offline within 15 s of going mute, and a little for the screen. */
const MUTE_MS = 16_000;

async function pictures(page: Page, name: string, path: (file: string) => string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [size, viewport] of [
      ['phone', { width: 390, height: 844 }],
      ['desktop', { width: 1280, height: 800 }],
    ] as const) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: path(`${name}-${size}-${colorScheme}.png`) });
    }
  }
}

test('claim, tap, wall button, offline', async ({ browser }, info) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const other = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const faults = [watchOver(context), watchOver(other)];
  const page = await context.newPage();
  const second = await other.newPage();
  const path = (file: string) => info.outputPath(file);

  await test.step('the link leads to the claim page, with the code filled in', async () => {
    await page.goto(link);
    await expect(page.getByLabel('Claim code')).toHaveValue(new URL(link).hash.slice(1));
    await pictures(page, 'claim', path);
    await page.getByLabel('Home name').fill('Mill House');
    await page.getByLabel('Your name').fill('Ana');
    await page.getByLabel('Password').fill('seven quiet lamps');
    await page.getByRole('button', { name: 'Claim this gateway' }).click();
    for (const name of ['Kitchen 1', 'Kitchen 2', 'Hall light', 'Garden 1', 'Garden 2', 'Garden 3']) {
      await expect(card(page, name)).toHaveAttribute('data-state', 'off');
    }
    await expect(page.getByRole('region', { name: 'Kitchen' })).toBeVisible();
  });

  await test.step('on a second screen one signs in', async () => {
    await second.goto(origin);
    await second.getByLabel('Your name').fill('Ana');
    await second.getByLabel('Password').fill('seven quiet lamps');
    await second.getByRole('button', { name: 'Sign in' }).click();
    await expect(card(second, 'Hall light')).toHaveAttribute('data-state', 'off');
  });

  await test.step('a tap shows switching, then what the relay did, on both screens', async () => {
    // Held still, so that what lies between can be looked at.
    await signalBoard(2, 'SIGSTOP');
    await card(page, 'Hall light').click();
    for (const screen of [page, second]) {
      await expect(card(screen, 'Hall light')).toHaveAttribute('data-phase', 'switching');
      await expect(card(screen, 'Hall light')).toHaveAttribute('data-state', 'off');
    }
    await signalBoard(2, 'SIGCONT');
    await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'confirmed');
    await expect(card(page, 'Hall light')).toHaveAttribute('data-state', 'on');
    await expect(status(page, 'Hall light')).toHaveText(/^on · confirmed in [\d.]+ m?s$/);
    await expect(card(second, 'Hall light')).toHaveAttribute('data-phase', 'confirmed');
    await expect(card(second, 'Hall light')).toHaveAttribute('data-state', 'on');
    await expect(status(second, 'Hall light')).toHaveText(/^on · Ana, confirmed in [\d.]+ m?s$/);
  });

  await test.step('and so with a board that is not held', async () => {
    await card(second, 'Garden 2').click();
    await expect(status(second, 'Garden 2')).toHaveText(CONFIRMED);
    await expect(card(page, 'Garden 2')).toHaveAttribute('data-state', 'on');
  });

  await test.step('the wall button is shown as what it is', async () => {
    await press(1, 'button 1');
    for (const screen of [page, second]) {
      await expect(card(screen, 'Kitchen 1')).toHaveAttribute('data-state', 'on');
      await expect(status(screen, 'Kitchen 1')).toHaveText('on · wall button, just now');
    }
  });

  await test.step('a board without Wi-Fi is offline, and a tap says why nothing happened', async () => {
    await press(3, 'wifi down');
    await expect(card(page, 'Garden 1')).toHaveAttribute('data-phase', 'offline', { timeout: MUTE_MS });
    await expect(status(page, 'Garden 1')).toHaveText('offline · was off');
    await card(page, 'Garden 1').click();
    await expect(status(page, 'Garden 1')).toHaveText(/^offline · nothing happened: .*offline/);
    await expect(card(second, 'Garden 1')).toHaveAttribute('data-phase', 'offline');
    await pictures(page, 'panel', path);
    await press(3, 'wifi up');
    await expect(card(page, 'Garden 3')).toHaveAttribute('data-phase', 'idle');
    await expect(card(page, 'Garden 2')).toHaveAttribute('data-state', 'on');
  });

  await test.step('other pages, and out', async () => {
    await page.getByRole('link', { name: 'Devices' }).click();
    await expect(page.locator('[data-device-name="Garden"]').getByTestId('availability')).toHaveText(
      'Online',
    );
    await pictures(page, 'devices', path);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  });

  expect(faults.flat(), 'no error, nothing against the content policy, no request to elsewhere').toEqual([]);
  await context.close();
  await other.close();
});
