import { expect, open, test } from './home';

const FOREIGN = {
  state: 'FOREIGN',
  name: 'fan',
  firmware: 'ESPHome 2026.10.0',
  advice: 'This board runs another firmware.',
  boardId: null,
  mac: null,
  relays: null,
} as const;
const NOT_JOINED = 'The board could not get into “Alder”. Its firmware does not say why.';
const DONE = 'The board is in “Alder”. It keeps ESPHome 2026.10.0, so it is no switch of this home.';

test('a board of another firmware is given Wi-Fi, step by step, and its page is a link', async ({
  page,
  home,
}) => {
  const other = await home.enterTwice(page);
  await open(page, 'Devices');
  await open(other, 'Devices');
  const { id } = home.world.boards.plug(FOREIGN);
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(board).toContainText('It keeps ESPHome 2026.10.0, so it becomes no switch of this home');
  await expect(page.getByLabel('Wi-Fi network')).toHaveValue('Alder');
  await page.getByLabel('Wi-Fi password').fill('short');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(page.getByLabel('Wi-Fi password')).toHaveAccessibleDescription(/8 to 63 printable/);
  await page.getByLabel('Wi-Fi password').fill('green curtain');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();

  const giving = board.getByTestId('giving');
  await expect(board.getByTestId('board-state')).toHaveText('Being given Wi-Fi');
  await expect(giving.getByRole('listitem').first()).toHaveText('Told the network: under way');
  await expect(other.getByTestId('giving')).toContainText('The board is told the network “Alder”.');
  await expect(board.getByRole('button', { name: 'Flash it' })).toHaveCount(0);
  home.world.boards.giving(id, { step: 'JOINING', percent: 50, message: 'On its way.' });
  await page.reload();
  await expect(giving.getByRole('listitem').nth(1)).toHaveText('In the network: under way');
  await expect(giving.getByRole('progressbar')).toHaveAttribute('value', '50');

  home.world.boards.giving(id, { step: 'FAILED', message: NOT_JOINED, done: true, error: 'NOT_JOINED' });
  await expect(giving.getByRole('alert')).toHaveText(NOT_JOINED);
  await expect(giving.getByRole('listitem').nth(1)).toHaveText('In the network: failed');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(page.getByLabel('Wi-Fi password')).toHaveValue('');
  await page.getByLabel('Wi-Fi password').fill('blue curtain');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(giving.getByRole('alert')).toHaveCount(0);
  const url = 'http://192.168.1.20/';
  home.world.boards.giving(id, { step: 'DONE', percent: 100, message: DONE, done: true, url });
  await expect(giving).toContainText('no switch of this home');
  await expect(giving.getByRole('listitem').nth(1)).toHaveText('In the network: done');
  const link = board.getByRole('link', { name: url });
  await expect(link).toHaveAttribute('href', url);
  await expect(link).toHaveAttribute('rel', 'noopener noreferrer');
  await expect(board.getByRole('button', { name: 'Flash it' })).toBeVisible();
});

test('it is cancelled, a pulled cable is told where the board is back, and a hidden network is typed', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const { id } = home.world.boards.plug({ ...FOREIGN, networks: [] });
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(page.getByLabel('Name of the Wi-Fi network')).toHaveAccessibleDescription(/Choose a network/);
  await page.getByLabel('Name of the Wi-Fi network').fill('Attic');
  await page.getByLabel('Wi-Fi password').fill('blue curtain');
  await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
  await expect(board.getByTestId('giving')).toContainText('“Attic”');
  await board.getByRole('button', { name: 'Cancel' }).click();
  await expect(board.getByRole('alert')).toContainText('It was cancelled.');

  const message = 'The cable was pulled before the board said that it is in “Attic”.';
  home.world.boards.giving(id, { message, error: 'UNPLUGGED' });
  const { wifiGiving } = home.world.boards.get(id) ?? { wifiGiving: null };
  home.world.boards.unplug(id);
  await expect(board).toHaveCount(0);
  home.world.boards.plug({ ...FOREIGN, wifiGiving });
  await expect(board.getByRole('alert')).toHaveText(message);
});

test('boards of ours, bare ones and those in the network are not given Wi-Fi alone', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  home.world.boards.plug();
  home.world.boards.plug({ ...FOREIGN, location: '/dev/ttyUSB1', state: 'BOOT_LOADER', firmware: null });
  home.world.boards.appear({ name: 'Attic fan', firmware: 'ESPHome 2026.10.0' });
  await expect(page.locator('[data-location="/dev/ttyUSB1"]')).toBeVisible();
  await expect(page.getByText('Attic fan')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Give it Wi-Fi' })).toHaveCount(0);
});
