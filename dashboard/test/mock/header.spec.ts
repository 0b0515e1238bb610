import { expect, open, test } from './home';

test('the gateway’s own header is a device without what only boards have', async ({ page, home }) => {
  const header = home.world.addHeader();
  home.world.addSwitch('Boiler', header);
  await home.enter(page);
  await open(page, 'Devices');
  const listed = page.locator(`[data-device-name="${header.name}"]`);
  await expect(listed).toContainText('the gateway’s own header');
  await expect(listed).not.toContainText('Firmware');
  await expect(listed.getByRole('button', { name: /New password/ })).toHaveCount(0);

  await listed.getByRole('link', { name: header.name }).click();
  await expect(page.getByRole('heading', { name: 'Relays' })).toBeVisible();
  await expect(page.locator('[data-switch-name="Boiler"]')).toBeVisible();
  for (const name of ['How it is', 'Wi-Fi', 'Replace this board'])
    await expect(page.getByRole('heading', { name })).toHaveCount(0);
  for (const name of [/Identify/, /Restart/]) await expect(page.getByRole('button', { name })).toHaveCount(0);

  await page.getByRole('button', { name: 'Settings of Boiler' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('under [gpio]');
  await expect(dialog.getByLabel('Contact', { exact: true })).toHaveCount(0);
  await dialog.getByLabel('When power returns').selectOption({ label: 'As it was before' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId('relay-settings')).toContainText('comes back as it was', {
    ignoreCase: true,
  });
});
