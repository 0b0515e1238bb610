import AxeBuilder from '@axe-core/playwright';
import { expect, open, test } from './home';

test('a board is replaced from the page of its device, which stays what it is', async ({ page, home }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await home.enter(page);
  const { deviceId } = home.world.named('Counter light');
  const device = home.world.devices.get(deviceId);
  if (!device) throw new Error('no device');
  const switches = [...home.world.switches.keys()];
  await page.goto(`${home.server.url}/device?id=${deviceId}`);
  const section = page.getByRole('region', { name: 'Replace this board' });
  await expect(section).toContainText('Plug the new board into a USB port');
  const { id } = home.world.boards.plug();
  await section.getByRole('button', { name: 'Take the board at /dev/ttyUSB0' }).click();
  await expect(section.getByLabel('Name', { exact: true })).toHaveCount(0);
  await expect(section.getByTestId('in-place-of')).toHaveCount(3);
  await expect(section).toContainText(`The board that ${device.name} has now is still there.`);
  await section.getByLabel('Wi-Fi password').fill('blue curtain');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await section.getByRole('button', { name: 'Replace the board' }).click();
  await expect(section.getByTestId('claim')).toContainText('The board is given its home.');
  home.world.boards.wrongPassword(id);
  await expect(section.getByTestId('claim-message')).toContainText('did not take the password');
  await section.getByRole('button', { name: 'Take the board at /dev/ttyUSB0' }).click();
  await section.getByLabel('Wi-Fi password').fill('blue curtain');
  await section.getByRole('button', { name: 'Replace the board' }).click();
  await expect(section.getByTestId('claim')).toContainText('The board is given its home.');
  await page.reload();
  home.world.boards.arrives(id);
  await expect(section.getByTestId('claim-message')).toHaveText(`${device.name} has its new board.`);
  expect([...home.world.switches.keys()]).toEqual(switches);
});

test('a board that is plugged in is a new device, or takes the place of one', async ({ page, home }) => {
  await home.enter(page);
  const { deviceId } = home.world.named('Counter light');
  const name = home.world.devices.get(deviceId)?.name ?? '';
  const { id } = home.world.boards.plug();
  await open(page, 'Devices');
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByLabel('It becomes')).toHaveValue(/.*/);
  await expect(board.getByLabel('Name', { exact: true })).toBeVisible();
  await board.getByLabel('It becomes').selectOption(`In place of ${name}`);
  await expect(board.getByLabel('Name', { exact: true })).toHaveCount(0);
  await board.getByLabel('Wi-Fi password').fill('blue curtain');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByTestId('claim')).toBeVisible();
  expect(home.world.boards.get(id)?.claim).toMatchObject({ name, replaces: { id: deviceId } });
});

test('the port of the old board is looked at when somebody asks for it', async ({ page, home }) => {
  await home.enter(page);
  const { deviceId } = home.world.named('Counter light');
  const name = home.world.devices.get(deviceId)?.name ?? '';
  const { id } = home.world.boards.plug({ state: 'CLAIMED', boardId: null, device: { id: deviceId, name } });
  await page.goto(`${home.server.url}/device?id=${deviceId}`);
  const section = page.getByRole('region', { name: 'Replace this board' });
  await section.getByRole('button', { name: 'See what is plugged in at /dev/ttyUSB0' }).click();
  await expect.poll(() => home.world.boards.get(id)?.state).toBe('IDENTIFYING');
});
