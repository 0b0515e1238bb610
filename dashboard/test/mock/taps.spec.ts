import { card, expect, status, test } from './home';

test('switching is never shown as done, and every screen shows the same', async ({ page, home }) => {
  const other = await home.enterTwice(page);
  home.world.named('Hall light').behaviour = 'held';

  await card(page, 'Hall light').click();
  await expect(status(page, 'Hall light')).toHaveText('switching on… · asked, still off');
  await expect(status(other, 'Hall light')).toHaveText('switching on… · Ana asked, still off');
  for (const screen of [page, other]) {
    await expect(card(screen, 'Hall light')).toHaveAttribute('data-phase', 'switching');
    await expect(card(screen, 'Hall light')).toHaveAttribute('data-state', 'off');
    await expect(card(screen, 'Hall light')).toHaveAttribute('aria-checked', 'false');
    await expect(card(screen, 'Hall light')).toHaveAttribute('aria-busy', 'true');
  }

  home.world.commands.release('Hall light', 41);
  await expect(status(page, 'Hall light')).toHaveText('on · confirmed in 41 ms');
  await expect(status(other, 'Hall light')).toHaveText('on · Ana, confirmed in 41 ms');
  for (const screen of [page, other]) {
    await expect(card(screen, 'Hall light')).toHaveAttribute('data-phase', 'confirmed');
    await expect(card(screen, 'Hall light')).toHaveAttribute('data-state', 'on');
    await expect(card(screen, 'Hall light')).toHaveAttribute('aria-checked', 'true');
    await expect(card(screen, 'Hall light')).toHaveAttribute('aria-busy', 'false');
  }
  await expect(page.getByRole('status').getByText('Hall light: on · confirmed in 41 ms')).toBeAttached();
});

test('refused says why', async ({ page, home }) => {
  await home.enter(page);
  await card(page, 'Blind up').click();
  await expect(status(page, 'Blind up')).toHaveText('off · refused: interlocked with Blind down');
  await expect(card(page, 'Blind up')).toHaveAttribute('data-phase', 'refused');
  await expect(card(page, 'Blind up')).toHaveAttribute('data-state', 'off');
});

test('no answer means unknown on every screen, until the board reports', async ({ page, home }) => {
  const other = await home.enterTwice(page);
  await card(page, 'Night light').click();
  for (const screen of [page, other]) {
    await expect(card(screen, 'Night light')).toHaveAttribute('data-phase', 'timed-out');
    await expect(card(screen, 'Night light')).toHaveAttribute('data-state', 'unknown');
    await expect(card(screen, 'Night light')).toHaveAttribute('aria-checked', 'mixed');
    await expect(status(screen, 'Night light')).toContainText('unknown until the board reports');
  }
  home.world.reportLate('Night light');
  for (const screen of [page, other]) {
    await expect(status(screen, 'Night light')).toHaveText('on · Ana, just now, reported late');
    await expect(card(screen, 'Night light')).toHaveAttribute('data-state', 'on');
  }
});

test('offline is shown, and a tap says why nothing happened', async ({ page, home }) => {
  await home.enter(page);
  await expect(status(page, 'Heater')).toHaveText('offline · was off');
  await expect(card(page, 'Heater')).toHaveAttribute('data-phase', 'offline');
  await card(page, 'Heater').click();
  await expect(status(page, 'Heater')).toHaveText(
    'offline · nothing happened: the board is offline since it lost power or Wi-Fi',
  );
  home.world.setAvailability('Heater', 'ONLINE');
  await expect(card(page, 'Heater')).toHaveAttribute('data-state', 'off');
  home.world.setAvailability('Heater', 'OFFLINE');
  await expect(status(page, 'Heater')).toHaveText('offline · was off');
});

test('a newer request from another screen supersedes', async ({ page, home }) => {
  const other = await home.enterTwice(page);
  home.world.named('Hall light').behaviour = 'held';
  await card(page, 'Hall light').click();
  await expect(status(other, 'Hall light')).toContainText('Ana asked');
  await card(other, 'Hall light').click();
  await expect(status(other, 'Hall light')).toContainText('switching off…');
  await expect(status(page, 'Hall light')).toContainText('switching off…');
  home.world.commands.release('Hall light', 12);
  await expect(status(other, 'Hall light')).toHaveText('off · confirmed in 12 ms');
  await expect(status(page, 'Hall light')).toHaveText('off · Ana, confirmed in 12 ms');
});

test('superseded by something that is not a tap is said so', async ({ page, home }) => {
  await home.enter(page);
  home.world.named('Hall light').behaviour = 'held';
  await card(page, 'Hall light').click();
  await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'switching');
  home.world.commands.supersede('Hall light');
  await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'superseded');
  await expect(status(page, 'Hall light')).toContainText('superseded');
});

test('the wall button is shown as what it is', async ({ page, home }) => {
  await home.enter(page);
  home.world.press('Hall light');
  await expect(status(page, 'Hall light')).toHaveText('on · wall button, just now');
  await expect(card(page, 'Hall light')).toHaveAttribute('data-phase', 'idle');
  home.world.press('Hall light');
  await expect(status(page, 'Hall light')).toHaveText('off · wall button, just now');
});

test('switches come and go by themselves', async ({ page, home }) => {
  await home.enter(page);
  home.world.removeSwitch('Heater');
  await expect(card(page, 'Heater')).toHaveCount(0);
  const board = [...home.world.devices.values()][0];
  if (board) home.world.addSwitch('Kettle', board);
  await expect(
    page.getByRole('region', { name: 'Kitchen' }).getByRole('switch', { name: 'Kettle' }),
  ).toBeVisible();
});

test('several switches and one apply', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('button', { name: 'Set several' }).click();
  const set = (name: string, to: 'On' | 'Off') =>
    page.getByRole('group', { name }).getByRole('radio', { name: to, exact: true }).check();
  await set('Hall light', 'On');
  await set('Counter light', 'Off');
  await set('Blind up', 'On');
  await set('Heater', 'On');
  await set('Extractor fan', 'On');
  await set('Extractor fan', 'Off');
  await page.getByRole('group', { name: 'Extractor fan' }).getByRole('radio', { name: 'Leave' }).check();
  await expect(page.getByText('4 chosen')).toBeVisible();
  expect(home.world.commands.size).toBe(0);
  await page.getByRole('button', { name: 'Apply' }).click();

  const result = page.getByTestId('apply-result');
  await expect(result).toContainText('2 of 4 confirmed');
  await expect(result.getByRole('listitem').filter({ hasText: 'Blind up' })).toContainText(
    'refused: interlocked with Blind down',
  );
  await expect(result.getByRole('listitem').filter({ hasText: 'Heater' })).toContainText('offline');
  await expect(result).toBeInViewport();
  await expect(card(page, 'Hall light')).toHaveAttribute('data-state', 'on');
  await expect(card(page, 'Counter light')).toHaveAttribute('data-state', 'off');
  expect(home.world.commands.size).toBe(4);
});

test('the keyboard reaches and taps a switch; Escape leaves the choosing', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('button', { name: 'Set several' }).focus();
  await page.keyboard.press('Tab');
  await expect(card(page, 'Hall light')).toBeFocused();
  await page.keyboard.press('Space');
  await expect(status(page, 'Hall light')).toHaveText('on · confirmed in 41 ms');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('toolbar')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('toolbar')).toHaveCount(0);
});
