import AxeBuilder from '@axe-core/playwright';
import { expect, open, test } from './home';

test('all boards are given another network, and then those that did not get there', async ({
  page,
  home,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await home.enter(page);
  await open(page, 'Devices');
  const section = page.getByTestId('wifi');
  await section.getByRole('button', { name: 'Change the network' }).click();
  await section.getByRole('button', { name: 'Change the network' }).click();
  await expect(section.getByLabel('Name of the Wi-Fi network')).toHaveAccessibleDescription(/type its name/);
  await section.getByLabel('Name of the Wi-Fi network').fill('Alder 2');
  await section.getByLabel('Wi-Fi password', { exact: true }).fill('short');
  await section.getByRole('button', { name: 'Change the network' }).click();
  await expect(section.getByLabel('Wi-Fi password', { exact: true })).toHaveAccessibleDescription(/8 to 63/);
  await section.getByLabel('Wi-Fi password', { exact: true }).fill('green curtain');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);
  await section.getByRole('button', { name: 'Change the network' }).click();
  const all = home.world.devices.size;
  await expect(section.getByTestId('wifi-standing')).toHaveText(
    `So far 0 of ${all} boards got to “Alder 2”, one after the other.`,
  );
  await expect(section.getByRole('button', { name: 'Change the network' })).toBeDisabled();

  for (const { name } of home.world.devices.values()) {
    home.world.wifi.move(name, 'TRYING', 'It tries the network “Alder 2”. That takes up to three minutes.');
    const move = section.getByTestId('wifi-move').filter({ hasText: name });
    await expect(move).toHaveAttribute('data-look', 'now');
    if (name === 'Shed board') home.world.wifi.move(name, 'OFFLINE', 'It was offline. Ask it later.');
    else home.world.wifi.move(name, 'CHANGED', 'It is in the network “Alder 2”.');
  }
  await expect(section.getByTestId('wifi-standing')).toHaveText(
    `${all - 1} of ${all} boards got to “Alder 2”.`,
  );
  const shed = section.getByTestId('wifi-move').filter({ hasText: 'Shed board' });
  await expect(shed).toContainText('Not there: It was offline.');
  // It survives a reload, and the next try is for who is left.
  await page.reload();
  await section.getByRole('button', { name: 'Change the network' }).click();
  await expect(section.getByLabel('Boards').locator('option:checked')).toHaveText('The one that is left');
  await expect(section.getByLabel('Name of the Wi-Fi network')).toHaveValue('Alder 2');
  await expect(section.getByLabel('Wi-Fi password', { exact: true })).toHaveValue('');
  await section.getByLabel('Wi-Fi password', { exact: true }).fill('green curtain');
  await section.getByRole('button', { name: 'Change the network' }).click();
  await expect(section.getByTestId('wifi-move')).toHaveCount(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('one board is given another network on the page of its device, while others wait', async ({
  page,
  home,
}) => {
  await home.enter(page);
  const { deviceId } = home.world.named('Counter light');
  const other = home.world.named('Hall light').deviceId;
  await page.goto(`${home.server.url}/device?id=${deviceId}`);
  const section = page.getByTestId('wifi');
  await section.getByRole('button', { name: 'Change the network' }).click();
  await section.getByLabel('Name of the Wi-Fi network').fill('Alder 2');
  await section.getByRole('button', { name: 'Change the network' }).click();
  await expect(section.getByTestId('wifi-move')).toHaveText(/Waiting: It waits\./);
  const name = home.world.devices.get(deviceId)?.name ?? '';
  home.world.wifi.move(name, 'FELL_BACK', 'The network “Alder 2” did not take the password.');
  await expect(section.getByTestId('wifi-move')).toHaveText(/Not there: The network “Alder 2” did not take/);
  await expect(section.getByRole('button', { name: 'Change the network' })).toBeEnabled();

  await page.goto(`${home.server.url}/device?id=${other}`);
  home.world.wifi.begin('Alder 3', 'Ana', [deviceId]);
  await expect(section).toContainText('Other boards are on their way');
  await expect(section.getByTestId('wifi-move')).toHaveCount(0);
  await expect(section.getByRole('button', { name: 'Change the network' })).toBeDisabled();
});
