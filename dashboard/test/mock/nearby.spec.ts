import { expect, open, test } from './home';

test('a board in the network is set up by its button and the number that its light blinks', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Devices');
  const advice = 'This board is in the network and has no home. Press its FLASH button.';
  const { id } = home.world.boards.appear({
    name: 'relay-a1b2c3',
    boardId: 'relay-a1b2c3',
    state: 'NOTICED',
    location: '192.168.1.7',
    advice,
  });
  const board = page.getByTestId('nearby');
  await expect(board).toContainText(advice);
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByRole('status')).toContainText('Press the button marked FLASH on relay-a1b2c3');
  home.world.boards.change(id, { state: 'READY', advice: null });
  await page.getByLabel('Name', { exact: true }).fill('Porch light');
  await expect(page.getByLabel('Wi-Fi password')).toHaveCount(0);
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByTestId('claim').getByRole('listitem').first()).toHaveText('In touch: under way');

  const confirming = {
    step: 'CONFIRMING',
    percent: 8,
    message: 'Say which.',
    done: false,
    error: null,
  } as const;
  home.world.boards.progress(id, confirming);
  await expect(board.getByRole('radio')).toHaveCount(8);
  // Whatever it is, it is not on the page.
  await expect(board.getByRole('button', { name: 'That is the number' })).toBeDisabled();
  await page.reload();
  await board.getByRole('radio', { name: '4' }).check();
  await board.getByRole('button', { name: 'That is the number' }).click();
  await expect(board.getByRole('alert')).toContainText('not the number');
  await expect(board.getByTestId('claim').getByRole('listitem').nth(1)).toHaveText(
    'Known by its number: failed',
  );
  await expect(board.getByRole('radio')).toHaveCount(0);

  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Porch light');
  await board.getByRole('button', { name: 'Set it up' }).click();
  await expect(board.getByTestId('claim').getByRole('listitem').first()).toHaveText('In touch: under way');
  home.world.boards.progress(id, confirming);
  await board.getByRole('radio', { name: '5' }).check();
  await board.getByRole('button', { name: 'That is the number' }).click();
  await expect(board.getByTestId('claim').getByRole('listitem').nth(2)).toHaveText(
    'Given this home: under way',
  );
  home.world.boards.progress(id, { ...confirming, step: 'CONNECTING', percent: 60, message: 'On its way.' });
  // With a home it says no more that it is there; it is waited for.
  home.world.boards.unplug(id);
  await expect(board).toContainText('Porch light');
  await expect(board).toContainText('On its way.');
  await expect(page.getByText('Not plugged in any more')).toHaveCount(0);
});

test('a claim in the network is cancelled, and other firmware offers nothing', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'Devices');
  home.world.boards.appear({ name: 'Attic fan', firmware: 'ESPHome 2026.10.0', location: '192.168.1.8' });
  const ready = { boardId: 'relay-a1b2c3', state: 'READY', location: '192.168.1.7' } as const;
  home.world.boards.appear({ name: 'relay-a1b2c3', ...ready });
  const fan = page.getByTestId('nearby').filter({ hasText: 'Attic fan' });
  await expect(fan.getByRole('button')).toHaveCount(0);
  const board = page.getByTestId('nearby').filter({ hasText: '192.168.1.7' });
  await board.getByRole('button', { name: 'Set it up' }).click();
  await board.getByRole('button', { name: 'Set it up' }).click();
  await board.getByRole('button', { name: 'Cancel' }).click();
  await expect(board.getByRole('alert')).toHaveText('It was cancelled.');
});
