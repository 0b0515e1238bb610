import { expect, test } from './home';

test('notices: counted in the navigation, live, with what to do, and dismissed on every screen', async ({
  page,
  home,
}) => {
  const other = await home.enterTwice(page);
  const badge = page.getByTestId('badge');
  await expect(badge).toContainText('2');
  await page.getByRole('link', { name: 'Notices' }).click();
  await other.getByRole('link', { name: 'Notices' }).click();
  const storm = page.locator('[data-notice-code="MQTT_LOGIN_STORM"]');
  await expect(page.getByRole('listitem').first()).toContainText('Look at this');
  await expect(storm).toContainText('give it the right password');
  await expect(storm.getByTestId('often')).toHaveText('3,412 times, last just now');

  const known = [...home.world.notices.values()].find((one) => one.code === 'MQTT_LOGIN_STORM');
  if (!known) throw new Error('no such notice');
  home.world.notices.add(known.code, known, 88);
  await expect(storm.getByTestId('often')).toContainText('3,500 times');

  await page.getByRole('button', { name: 'Dismiss Shed board' }).click();
  await expect(storm).toHaveCount(0);
  await expect(other.locator('[data-notice-code="MQTT_LOGIN_STORM"]')).toHaveCount(0);
  await expect(badge).toContainText('1');

  home.server.goAway();
  await page.getByRole('button', { name: 'Dismiss 0.0.0.0:1883' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await expect(page.locator('[data-notice-code="PLAIN_MQTT"]')).toHaveCount(1);
  home.server.comeBack();
  await page.getByRole('button', { name: 'Dismiss 0.0.0.0:1883' }).click();
  await expect(page.getByText('Nothing to tell')).toBeVisible();
  await expect(badge).toHaveCount(0);
});
