import { card, expect, open, status, test } from './home';

test('rooms: create, name taken, rename, delete', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('link', { name: 'Rooms' }).click();
  await page.getByLabel('New room').fill('Attic');
  await page.getByRole('button', { name: 'Add room' }).click();
  await expect(page.getByRole('region', { name: 'Attic' })).toContainText('No switches here');
  await page.getByLabel('New room').fill('Attic');
  await page.getByRole('button', { name: 'Add room' }).click();
  await expect(page.getByLabel('New room')).toHaveAccessibleDescription(/room of that name already/);

  await page.getByRole('button', { name: 'Edit room Kitchen' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Hall');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription(/room of that name already/);
  await dialog.getByLabel('Name').fill('Scullery');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Scullery' })).toContainText('Counter light');

  await page.getByRole('button', { name: 'Edit room Scullery' }).click();
  await dialog.getByRole('button', { name: 'Delete room' }).click();
  await expect(dialog.getByRole('alert')).toContainText('stay, without a room');
  await dialog.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(page.getByRole('region', { name: 'No room' })).toContainText('Counter light');
  await page.getByRole('link', { name: 'Switches' }).click();
  const last = page.getByRole('region').last();
  await expect(last).toHaveAccessibleName('No room');
  await expect(last.getByRole('switch', { name: 'Counter light' })).toBeVisible();
});

test('a switch gets a name and a room, on other screens too', async ({ page, home }) => {
  const other = await home.enterTwice(page);
  await page.getByRole('link', { name: 'Rooms' }).click();
  await page.getByRole('button', { name: 'Edit Stereo' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Room')).toHaveValue('');
  await dialog.getByLabel('Name').fill('Record player');
  await dialog.getByLabel('Room').selectOption('Workshop');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('region', { name: 'Workshop' })).toContainText('Record player');
  await expect(
    other.getByRole('region', { name: 'Workshop' }).getByRole('switch', { name: 'Record player' }),
  ).toBeVisible();

  await page.getByRole('button', { name: 'Edit Record player' }).click();
  await dialog.getByLabel('Room').selectOption('Where its board is: Living room');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('region', { name: 'Living room' })).toContainText('Record player');
  expect(home.world.named('Record player').roomId).toBeNull();
});

test('devices: what they are, whether they are there, and their names', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('link', { name: 'Devices' }).click();
  const shed = page.locator('[data-device-name="Shed board"]');
  await expect(shed.getByTestId('availability')).toHaveText('Offline');
  for (const fact of ['3 h ago', 'NodeMCU v2', '0.1.0', '5C:CF:7F:00:00:13', '192.168.1.43', 'Workshop']) {
    await expect(shed).toContainText(fact);
  }
  home.world.setAvailability('Heater', 'ONLINE');
  await expect(shed.getByTestId('availability')).toHaveText('Online');
  await page.getByRole('button', { name: 'Edit Shed board' }).click();
  await page.getByLabel('Name').fill('Garden board');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Garden board' })).toBeVisible();
});

test('every page has an address of its own, and "back" works', async ({ page, home }) => {
  await home.enter(page);
  await page.goto(`${home.server.url}/devices`);
  await expect(page.getByRole('heading', { name: 'Devices' })).toBeVisible();
  await page.getByRole('link', { name: 'Rooms' }).click();
  await expect(page).toHaveURL(/\/rooms$/);
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Devices' })).toBeVisible();
  await page.getByRole('link', { name: home.world.homeName }).click();
  await expect(card(page, 'Hall light')).toBeVisible();
});

test('a device has a page of its own, with its switches, and an address that keeps', async ({
  page,
  home,
}) => {
  const other = await home.enterTwice(page);
  await open(page, 'Devices');
  await page.getByRole('link', { name: 'Living room board' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Living room board');
  await expect(page.getByTestId('availability')).toHaveText('Online');
  await expect(page.getByRole('region', { name: 'What it is' })).toContainText('NodeMCU v3');
  const health = page.getByRole('region', { name: 'How it is' });
  await expect(health).toContainText('strong (-58 dBm)');
  await expect(health).toContainText('for 9 days');
  const shown = page.getByRole('region', { name: 'Switches' }).getByRole('switch');
  await expect(shown).toHaveCount(3);
  await card(page, 'Floor lamp').click();
  await expect(card(page, 'Floor lamp')).toHaveAttribute('data-state', 'off');
  await expect(card(other, 'Floor lamp')).toHaveAttribute('data-state', 'off');
  await page.reload();
  await expect(card(page, 'Floor lamp')).toHaveAttribute('data-state', 'off');
  home.world.setAvailability('Floor lamp', 'OFFLINE');
  await expect(page.getByTestId('availability')).toHaveText('Offline');
  await page.getByRole('link', { name: 'All devices' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Devices');
  await page.goto(`${home.server.url}/device?id=nothing`);
  await expect(page.getByText('There is no such device here')).toBeVisible();
});

test('packets that come from elsewhere are told on the page of the device, until a repeater explains them', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  await page.getByRole('link', { name: 'Living room board' }).click();
  const told = page.getByTestId('neighbour');
  await expect(told).toHaveCount(0);
  const device = home.world.devices.get(home.world.named('Floor lamp').deviceId)!;
  device.neighbourMac = '02:00:00:00:00:09';
  home.world.deviceChanged(device);
  await expect(told).toContainText('comes from 02:00:00:00:00:09');
  await told.getByRole('button', { name: 'It is behind a repeater' }).click();
  await expect(told).toContainText('It is behind a repeater, so that');
  await told.getByRole('button', { name: 'It is not any more' }).click();
  await expect(told).toContainText('Its packets come from another MAC address');
  device.neighbourMac = device.mac!.toLowerCase();
  home.world.deviceChanged(device);
  await expect(told).toHaveCount(0);
});

test('another board in place of a device is shown for what it is, and moves nothing until it is accepted', async ({
  page,
  home,
}) => {
  const other = await home.enterTwice(page);
  await open(page, 'Devices');
  await page.getByRole('link', { name: 'Living room board' }).click();
  home.world.quarantine('Floor lamp', { chip: 'ffffff', mac: '5c:cf:7f:ff:ff:ff' });
  await expect(page.getByTestId('availability')).toHaveText('In quarantine');
  const told = page.getByTestId('quarantine');
  await expect(told.getByRole('row').nth(1)).toHaveText(/Chip\s*000011\s*ffffff/);
  await expect(told.getByRole('row').nth(2)).toContainText('5c:cf:7f:ff:ff:ff');
  await expect(status(page, 'Floor lamp')).toHaveText('in quarantine · was on');
  await card(page, 'Floor lamp').click();
  await expect(status(page, 'Floor lamp')).toContainText('refused: The board is quarantined');
  await expect(card(other, 'Floor lamp')).toHaveAttribute('data-state', 'unknown');

  await told.getByRole('button', { name: 'Accept this board' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('chip ffffff and MAC 5c:cf:7f:ff:ff:ff');
  home.world.quarantine('Floor lamp', { chip: 'eeeeee', mac: '5c:cf:7f:ee:ee:ee' });
  await dialog.getByRole('button', { name: 'Yes, accept it' }).click();
  await expect(dialog).toContainText('Yet another board came');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await told.getByRole('button', { name: 'Accept this board' }).click();
  await dialog.getByRole('button', { name: 'Yes, accept it' }).click();
  await expect(told).toHaveCount(0);
  await expect(page.getByTestId('availability')).toHaveText('Online');
  await expect(page.getByRole('region', { name: 'What it is' })).toContainText('eeeeee');
  await expect(card(other, 'Floor lamp')).toHaveAttribute('data-state', 'on');

  home.world.quarantine('Floor lamp', { chip: null, mac: null });
  await expect(told).toContainText('does not say who it is');
  await expect(told.getByRole('button')).toHaveCount(0);
  home.world.quarantine('Floor lamp', null);
  await expect(told).toHaveCount(0);
});
