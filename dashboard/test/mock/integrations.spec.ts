import { expect, test } from './home';

test('an integration is made in words, told its login once, and revoked', async ({ page, home }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await home.enter(page);
  await page.getByRole('link', { name: 'Integrations' }).click();
  const hass = page.locator('[data-integration-name="Home Assistant"]');
  await expect(hass).toContainText('Hears all devices, operates all devices');

  await page.getByRole('button', { name: 'New integration' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Garden watering');
  await page.getByLabel('Something else').check();
  await page.getByLabel('Some devices').check();
  await page.getByLabel('Hall board').check();
  await page.getByLabel('Kitchen board').check();
  await page.getByLabel('It may operate their switches').check();
  await page.getByText('MQTT filters, for experts').click();
  await page.getByLabel('It may subscribe to').fill('$SYS/#');
  await page.getByRole('button', { name: 'Make integration' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveAccessibleDescription(
    /already is an integration/,
  );
  await page.getByLabel('Name', { exact: true }).fill('Tablet');
  await page.getByRole('button', { name: 'Make integration' }).click();
  await expect(page.getByText('cannot begin with $')).toBeVisible();
  await page.getByLabel('It may subscribe to').fill(' weather/# \n\n');
  await page.getByRole('button', { name: 'Make integration' }).click();

  const login = page.getByTestId('created');
  await expect(login.getByLabel('Password')).toHaveValue('4f'.repeat(32));
  await login.getByRole('button', { name: 'Copy password' }).click();
  await expect(login.getByRole('button', { name: 'Copied password' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('4f'.repeat(32));
  const tablet = page.locator('[data-integration-name="Tablet"]');
  await expect(tablet).toContainText('Hears 2 devices, operates 2 devices, 1 filter of its own');
  await page.reload();
  await expect(tablet).toBeVisible();
  await expect(page.getByText('4f4f')).toHaveCount(0);

  await page.getByRole('button', { name: 'Revoke Tablet' }).click();
  await expect(page.getByRole('dialog')).toContainText('cannot log in again');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Revoke Tablet' })).toBeVisible();
  await page.getByRole('button', { name: 'Revoke Tablet' }).click();
  await page.getByRole('button', { name: 'Yes, revoke' }).click();
  await expect(tablet).toHaveCount(0);
  expect([...home.world.integrations.values()].map((one) => one.name)).toEqual([
    'Home Assistant',
    'Garden watering',
  ]);
});

test('what Home Assistant is told is set, and what that takes away is said before', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await page.getByRole('link', { name: 'Integrations' }).click();
  const form = page.getByRole('form', { name: 'What Home Assistant is told' });
  const prefix = form.getByLabel('Discovery prefix');
  const save = form.getByRole('button', { name: 'Save' });
  await expect(form.getByLabel('One message a device')).toBeChecked();
  await expect(prefix).toHaveValue('homeassistant');
  await expect(save).toBeDisabled();

  await form.getByLabel('One message a switch').check();
  await expect(form.getByRole('status')).toBeEmpty();
  await save.click();
  await expect(form.getByRole('status')).toHaveText('Saved.');
  expect(home.world.integrations.homeAssistant).toEqual({ form: 'COMPONENT', prefix: 'homeassistant' });

  await prefix.fill('homie/5');
  await expect(form.getByRole('status')).toContainText('until it listens to the new prefix');
  await save.click();
  await expect(prefix).toHaveAccessibleDescription(/the first level is not homie/);
  await expect(prefix).toHaveValue('homie/5');
  expect(home.world.integrations.homeAssistant.prefix).toBe('homeassistant');
  await prefix.fill(' home/ha ');
  await save.click();
  await expect(prefix).toHaveValue('home/ha');

  await form.getByLabel('Nothing').check();
  await expect(form.getByRole('status')).toContainText('go away over there');
  home.server.goAway();
  await save.click();
  await expect(form.getByRole('alert')).toContainText('cannot be reached');
  home.server.comeBack();
  await save.click();
  await expect(form.getByRole('status')).toHaveText('Saved.');
  await page.reload();
  await expect(form.getByLabel('Nothing')).toBeChecked();
  await expect(prefix).toHaveValue('home/ha');
});

test('a board is given a new password, and it is told what came of it', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('link', { name: 'Devices' }).click();
  const told = (name: string) => page.locator(`[data-device-name="${name}"]`).getByTestId('password');
  await page.getByRole('button', { name: 'New password for Kitchen board' }).click();
  await expect(told('Kitchen board')).toHaveText('It logged in with its new password.');
  await page.getByRole('button', { name: 'New password for Shed board' }).click();
  await expect(told('Shed board')).toContainText('offline');
  await expect(told('Kitchen board')).toHaveText('');
  home.world.rotationHangs = true;
  await page.getByRole('button', { name: 'New password for Hall board' }).click();
  await expect(told('Hall board')).toContainText('Both are good until then');
});
