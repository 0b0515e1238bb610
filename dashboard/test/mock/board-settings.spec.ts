import AxeBuilder from '@axe-core/playwright';
import { expect, open, test } from './home';
import type { Page } from '@playwright/test';

async function openBoard(page: Page, name: string) {
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.locator(`[data-device-name="${name}"]`).getByRole('link', { name }).click();
  return page.getByTestId('board-settings');
}

const boardOf = (
  home: {
    world: {
      switches: Map<string, { name: string; deviceId: string }>;
      devices: Map<string, { name: string }>;
    };
  },
  name: string,
) => {
  const it = [...home.world.switches.values()].find((one) => one.name === name);
  return home.world.devices.get(it?.deviceId ?? '')?.name ?? '';
};

test('a board blinks, and starts over once that is meant', async ({ page, home }) => {
  await home.enter(page);
  const name = boardOf(home, 'Counter light');
  const board = await openBoard(page, name);
  await board.getByRole('button', { name: `Identify ${name}` }).click();
  await expect(board.getByTestId('board-said')).toHaveText('Its light blinks for 15 seconds.');
  expect(home.world.identified).toEqual([name]);
  await board.getByRole('button', { name: `Restart ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('alert')).toContainText('relays let go');
  expect(home.world.restarted).toEqual([]);
  await dialog.getByRole('button', { name: 'Restart' }).click();
  await expect(board.getByTestId('board-said')).toHaveText('It is starting over.');
  expect(home.world.restarted).toEqual([name]);
});

test('a relay gets a pulse and a group; what the board refuses is said', async ({ page, home }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await home.enter(page);
  home.world.named('Counter light').on = false;
  const name = boardOf(home, 'Counter light');
  const board = await openBoard(page, name);
  const settings = board.getByRole('button', { name: 'Settings of Counter light' });
  await settings.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Turns itself off').check();
  await dialog.getByLabel('After how many seconds').fill('0.05');
  await expect(dialog.getByLabel('After how many seconds')).toHaveAccessibleDescription(/0.1 to 600/);
  await expect(dialog.getByRole('button', { name: 'Save' })).toHaveCount(0);
  await dialog.getByLabel('After how many seconds').fill('0,5');
  await dialog.getByLabel('Interlock').selectOption('Group 2');
  await dialog.getByLabel('Contact', { exact: true }).selectOption({ index: 1 });
  await expect(dialog.getByTestId('wiring-warning')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(board).toContainText(
    'Turns itself off after 0.5 seconds, interlock group 2, normally closed.',
  );

  home.world.named('Counter light').on = true;
  await settings.click();
  await dialog.getByLabel('Interlock').selectOption('None');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The relay is on. Turn it off first.');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(board).toContainText('interlock group 2');
});

test('who deletes a device whose board is away is told that the board still knows the home', async ({
  page,
  home,
}) => {
  await home.enter(page);
  const name = boardOf(home, 'Counter light');
  for (const it of home.world.devices.values()) if (it.name === name) it.availability = 'OFFLINE';
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('button', { name: `Edit ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete device' }).click();
  await expect(dialog.getByRole('alert')).toContainText('told to forget this home, if it is there');
  await dialog.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(page.getByTestId('removal')).toContainText(
    `${name} is deleted, but its board may still know this home`,
  );

  // It was read; and where all is deleted it is told too.
  await open(page, 'Administration');
  await expect(page.getByRole('heading', { level: 1, name: 'Administration' })).toBeVisible();
  await expect(page.getByTestId('removal')).toHaveCount(0);
  for (const it of home.world.devices.values()) it.availability = 'OFFLINE';
  const stored = page.locator('[data-stored="devices"]').getByRole('listitem');
  await stored.filter({ hasText: 'Hall board' }).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Delete device' }).click();
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(page.getByTestId('removal')).toContainText('Hall board is deleted, but its board may still');
});
