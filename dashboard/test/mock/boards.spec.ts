import { expect, open, test } from './home';

test('a board that is plugged in is set up, step by step, on every screen', async ({ page, home }) => {
  const other = await home.enterTwice(page);
  await open(page, 'Devices');
  await open(other, 'Devices');
  await expect(page.getByText('Plug a relay board into a USB port')).toBeVisible();
  const { id } = home.world.boards.plug();
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await expect(board).toContainText('A new board');
  await expect(board).toContainText('relay-a1b2c3 · nodemcuv2 · 2 relays · Gatehouse 0.1.0');

  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Porch light');
  await expect(page.getByLabel('Wi-Fi network')).toHaveValue('Alder');
  await page.getByLabel('Wi-Fi password').fill('short');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByLabel('Wi-Fi password')).toHaveAccessibleDescription(/8 to 63 printable/);
  await page.getByLabel('Wi-Fi password').fill('green curtain');
  await board.getByRole('button', { name: 'Set it up' }).click();

  const claim = board.getByTestId('claim');
  await expect(claim.getByRole('listitem').first()).toHaveText('Given this home: under way');
  await expect(other.getByTestId('claim')).toContainText('The board is given its home.');
  const joining = { step: 'JOINING', percent: 40, message: 'On its way.', done: false, error: null } as const;
  home.world.boards.progress(id, joining);
  await expect(claim.getByRole('listitem').nth(1)).toHaveText('In the network: under way');
  await page.reload();
  await expect(claim).toContainText('On its way.');
  await expect(claim.getByRole('progressbar')).toHaveAttribute('value', '40');

  home.world.boards.wrongPassword(id);
  await expect(claim.getByRole('alert')).toHaveText(/did not take the password/);
  await expect(claim.getByRole('listitem').nth(1)).toHaveText('In the network: failed');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Porch light');
  await page.getByLabel('Wi-Fi password').fill('blue curtain');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(claim).toContainText('The board is given its home.');
  home.world.boards.arrives(id);
  await expect(board).toContainText('The board of Porch light');
  await expect(page.locator('[data-device-name="Porch light"]')).toBeVisible();
  await expect(other.locator('[data-device-name="Porch light"]')).toBeVisible();
  home.world.boards.unplug(id);
  await expect(board).toHaveCount(0);
});

test('a claim is cancelled, another network is typed, and what is no board of ours says what to do', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const { id } = home.world.boards.plug();
  const advice = 'This board runs another firmware.';
  home.world.boards.plug({
    location: '/dev/ttyUSB1',
    state: 'FOREIGN',
    firmware: 'Tasmota 14.3.0',
    advice,
    boardId: null,
  });
  const foreign = page.locator('[data-location="/dev/ttyUSB1"]');
  await expect(foreign).toContainText('A board with Tasmota 14.3.0');
  await expect(foreign.getByTestId('advice')).toHaveText(advice);
  await expect(foreign.getByRole('button', { name: 'Set it up' })).toHaveCount(0);
  await foreign.getByRole('button', { name: 'Look again' }).click();
  await expect(foreign.getByTestId('board-state')).toHaveText('Being asked who it is');

  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Wi-Fi network', { exact: true }).selectOption('Another network');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByLabel('Name of the Wi-Fi network')).toHaveAccessibleDescription(/Choose a network/);
  await page.getByLabel('Name of the Wi-Fi network').fill('Attic');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByTestId('board-state')).toHaveText('Being set up');
  expect(home.world.boards.get(id)?.claim).toMatchObject({ ssid: 'Attic', name: 'relay-a1b2c3' });
  await board.getByRole('button', { name: 'Cancel' }).click();
  await expect(board.getByRole('alert')).toHaveText('It was cancelled.');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Wi-Fi network', { exact: true }).selectOption('Café next door (very weak)');
  await expect(page.getByLabel('Wi-Fi password')).toHaveCount(0);
});

test('a board that goes on without its cable is shown until it is there, or given up', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const { id } = home.world.boards.plug();
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Porch light');
  await page.getByLabel('Wi-Fi password').fill('blue curtain');
  await board.getByRole('button', { name: 'Set it up' }).click();
  const message = 'The board is in the network and on its way to this gateway.';
  home.world.boards.progress(id, { step: 'CONNECTING', percent: 70, message, done: false, error: null });
  await expect(board).toContainText(message);
  home.world.boards.unplug(id);
  await expect(board).toHaveCount(0);
  const gone = page.locator('[data-unplugged="Porch light"]');
  await expect(gone).toContainText('Waited for, without its cable');
  await page.reload();
  await expect(gone).toContainText(message);
  await gone.getByRole('button', { name: 'Cancel' }).click();
  await expect(gone.getByRole('alert')).toHaveText('It was cancelled.');
});

test('a bare board is flashed, a pulled cable is told, and a flashed board is set up next', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const bare = {
    state: 'BOOT_LOADER',
    boardId: null,
    firmware: null,
    relays: null,
    mac: null,
    model: null,
  } as const;
  let { id } = home.world.boards.plug(bare);
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await expect(board).toContainText('A board that waits to be flashed');
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(page.getByLabel('Firmware', { exact: true })).toHaveValue('gatehouse-nodemcuv2-0.2.0.bin');
  await expect(board).toContainText(`422 KiB · SHA-256 ${'5a'.repeat(32)}`);
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(board.getByTestId('board-state')).toHaveText('Being flashed');
  const writing = { step: 'WRITING', percent: 41, message: 'Leave the cable where it is.' } as const;
  home.world.boards.flashing(id, writing);
  await page.reload();
  await expect(board.getByTestId('flash-message')).toHaveText('Leave the cable where it is.');
  await expect(board.getByTestId('flash').getByRole('progressbar')).toHaveAttribute('value', '41');

  // The cable: the gateway knows the place, and tells there when the board is back.
  const message = 'The cable was pulled. Plug the board in and flash it again.';
  home.world.boards.flashing(id, { step: 'FAILED', message, done: true, error: 'UNPLUGGED' });
  const { flash } = home.world.boards.get(id) ?? { flash: null };
  home.world.boards.unplug(id);
  await expect(board).toHaveCount(0);
  ({ id } = home.world.boards.plug({ ...bare, flash }));
  await expect(board.getByRole('alert')).toHaveText(message);
  await board.getByRole('button', { name: 'Flash it' }).click();
  await page.getByLabel('Firmware', { exact: true }).selectOption('gatehouse-d1mini.bin');
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(board.getByTestId('flash')).toHaveAttribute('data-step', 'CONNECTING');
  home.world.boards.flashing(id, { step: 'DONE', percent: 100, message: 'It starts.', done: true });
  home.world.boards.change(id, { state: 'READY', boardId: 'relay-a1b2c3', firmware: 'Gatehouse 0.2.0' });
  await expect(board.getByRole('heading', { name: 'Set up this board' })).toBeVisible();
  await board.getByRole('button', { name: 'Cancel' }).click();
  await expect(board.getByRole('button', { name: 'Set it up' })).toBeVisible();
});

test('the board of a device is flashed only when somebody means it, and flashing is cancelled', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const [device] = [...home.world.devices.values()];
  home.world.boards.plug({ state: 'CLAIMED', device: { id: device?.id ?? '', name: 'Porch light' } });
  const board = page.locator('[data-location="/dev/ttyUSB0"]');
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(page.getByLabel('Firmware', { exact: true })).toBeVisible();
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(board.getByRole('alert')).toContainText('Say that you mean it');
  await page.getByLabel('This is the board of Porch light').check();
  await board.getByRole('button', { name: 'Flash it' }).click();
  await expect(board.getByTestId('board-state')).toHaveText('Being flashed');
  await board.getByRole('button', { name: 'Cancel' }).click();
  await expect(board.getByRole('alert')).toContainText('It was cancelled.');
});

test('a member is shown devices and no ports', async ({ page, home }) => {
  const dora = home.world.addMember('Dora', 'MEMBER', 'a cold lamp');
  home.world.boards.plug();
  await home.enterAs(page, dora);
  await open(page, 'Devices');
  await expect(page.getByRole('heading', { name: 'Plugged into the gateway' })).toHaveCount(0);
});

test('boards in the network are shown apart, with what to do', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'Devices');
  await expect(page.getByRole('heading', { name: 'Plugged into the gateway' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'In the network' })).toHaveCount(0);
  const advice = 'Plug it into a USB port of the gateway and flash it.';
  const facts = {
    name: 'Attic fan',
    location: '192.168.1.7',
    firmware: 'ESPHome 2026.10.0',
    model: null,
    advice,
  };
  const { id } = home.world.boards.appear({ ...facts, mac: '5c:cf:7f:a1:b2:c4' });
  const board = page.getByRole('region', { name: 'In the network' }).getByRole('listitem');
  await expect(board.getByRole('heading')).toHaveText('Attic fan');
  await expect(board).toContainText('ESPHome 2026.10.0 · 5c:cf:7f:a1:b2:c4 · 192.168.1.7');
  await expect(board).toContainText(advice);
  await expect(page.getByText('Plug a relay board into a USB port')).toBeVisible();
  home.world.boards.unplug(id);
  await expect(page.getByRole('heading', { name: 'In the network' })).toHaveCount(0);
});
