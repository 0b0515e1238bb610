/** From a board that is just plugged in to its relay confirmed, as a person has it. */
import { BareBoard, PASSWORD, card, enter, expect, status, test, watchOver } from './home';

test('a board that is plugged in is set up, a wrong password is told, and its first tap is confirmed', async ({
  browser,
}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const faults = watchOver(context);
  const page = await context.newPage();
  await enter(page, PASSWORD);
  await page.getByRole('link', { name: 'Devices' }).click();
  await expect(page.getByText('Plug a relay board into a USB port')).toBeVisible();

  const bare = new BareBoard('tty-porch', 'Mill:the miller sings');
  const board = page.locator(`[data-location="${bare.port}"]`);
  await expect(board.getByTestId('board-state')).toHaveText('Ready to be set up', { timeout: 15_000 });
  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Porch');
  await expect(page.getByLabel('Wi-Fi network')).toHaveValue('Mill');
  await page.getByLabel('Wi-Fi password').fill('the miller sleeps');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByRole('alert')).toHaveText(/“Mill” did not take the password/, { timeout: 30_000 });
  await expect(page.locator('[data-device-name="Porch"]')).toHaveCount(0);

  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Wi-Fi password').fill('the miller sings');
  await board.getByRole('button', { name: 'Set it up' }).click();
  // What is under way is there again after the page is loaded anew.
  await expect(board.getByTestId('claim').or(page.locator('[data-device-name="Porch"]'))).toBeVisible();
  await page.reload();
  const device = page.locator('[data-device-name="Porch"]');
  await expect(device.getByTestId('availability')).toHaveText('Online', { timeout: 30_000 });
  await expect(board).toContainText('The board of Porch');

  bare.say('unplug');
  await expect(board).toHaveCount(0);
  await page.getByRole('link', { name: 'Switches' }).click();
  await card(page, 'Porch 1').click();
  await expect(status(page, 'Porch 1')).toHaveText(/^on · confirmed in/);
  await bare.end();
  expect(faults).toEqual([]);
  await context.close();
});
