import { card, expect, status, test } from './home';

test('while the gateway is away: last known, a clear message, then everything current', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await expect(page.getByTestId('reconnecting')).toHaveCount(0);
  home.server.goAway();
  await expect(page.getByTestId('reconnecting')).toBeVisible();
  await expect(status(page, 'Counter light')).toContainText('last known: on');

  await card(page, 'Hall light').click();
  await expect(status(page, 'Hall light')).toContainText('The gateway cannot be reached');
  await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'refused');
  await expect(card(page, 'Hall light')).toHaveAttribute('data-state', 'off');

  home.world.press('Extractor fan');
  home.world.removeSwitch('Heater');
  home.server.comeBack();
  await expect(page.getByTestId('reconnecting')).toHaveCount(0);
  await expect(status(page, 'Extractor fan')).toHaveText('on · wall button, just now');
  await expect(card(page, 'Heater')).toHaveCount(0);
  await card(page, 'Hall light').click();
  await expect(status(page, 'Hall light')).toHaveText('on · confirmed in 41 ms');
});

test('a command that ended while the connection was down is not shown as open', async ({ page, home }) => {
  await home.enter(page);
  home.world.named('Hall light').behaviour = 'held';
  await card(page, 'Hall light').click();
  await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'switching');
  home.server.goAway();
  await expect(page.getByTestId('reconnecting')).toBeVisible();
  await expect(card(page, 'Hall light')).not.toHaveAttribute('data-phase', 'switching');
  home.world.commands.release('Hall light', 30);
  home.server.comeBack();
  await expect(status(page, 'Hall light')).toHaveText('on · Ana, confirmed in 30 ms');
});

for (const code of [4401, 4403]) {
  test(`close code ${code} leads to the sign-in page`, async ({ page, home }) => {
    await home.enter(page);
    home.world.sessions.clear();
    home.server.drop(code);
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    await expect(page.getByText('Your session has ended. Sign in again.')).toBeVisible();
  });
}

test('a session that ended is noticed by a tap as well', async ({ page, home }) => {
  await home.enter(page);
  // The lists that are read at the start would notice as well, before the tap.
  await page.waitForLoadState('networkidle');
  home.world.sessions.clear();
  await card(page, 'Hall light').click();
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
});

test('any other close code is only a reason to connect again', async ({ page, home }) => {
  await home.enter(page);
  home.server.drop(4500);
  await expect(page.getByTestId('reconnecting')).toBeVisible();
  await expect(page.getByTestId('reconnecting')).toHaveCount(0, { timeout: 10_000 });
  home.world.press('Hall light');
  await expect(status(page, 'Hall light')).toHaveText('on · wall button, just now');
});
