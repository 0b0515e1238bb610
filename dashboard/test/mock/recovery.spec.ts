import { card, expect, open, test } from './home';

test('a recovery sheet is made, printed alone, and lets its owner in once', async ({ page, home }) => {
  await home.enter(page);
  const other = await home.browser();
  await open(page, 'My account');
  await page.getByRole('button', { name: 'Make a recovery sheet' }).click();
  const sheet = page.getByTestId('recovery-sheet');
  await expect(sheet).toContainText('Recovery sheet of Alder Lane 4');
  await expect(sheet.getByRole('img', { name: 'QR code of the recovery link' })).toBeVisible();
  const code = await sheet.getByRole('code').innerText();
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('button', { name: 'Print' })).toBeHidden();
  await expect(page.getByRole('navigation')).toBeHidden();
  await expect(page.getByLabel('Current password')).toBeHidden();
  await expect(sheet).toBeVisible();

  await other.goto(home.server.url);
  await other.getByText('Forgot your password?').click();
  await expect(other.getByText('gatehouse member reset')).toBeVisible();
  await other.getByRole('link', { name: 'recovery sheet' }).click();
  await other.getByLabel('Code').fill('WRONG');
  await other.getByLabel('New password').fill('a quite new lamp');
  await other.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(other.getByLabel('Code')).toHaveAccessibleDescription(/was used/);
  await other.goto('about:blank');
  await other.goto(`${home.server.url}/reset#${code}`);
  await expect(other.getByLabel('Code')).toHaveValue(code);
  expect(other.url()).toBe(`${home.server.url}/reset`);
  await other.getByLabel('New password').fill('a quite new lamp');
  await expect(other.getByRole('status').filter({ hasText: 'Very hard to guess.' })).toHaveCount(1);
  await other.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(other.getByTestId('new-password')).toContainText('everywhere else you are signed out');
  await expect(other.getByTestId('new-password')).not.toContainText('Still good to get in');
  await open(other, 'Switches');
  await expect(card(other, 'Hall light')).toBeVisible();
  await open(other, 'My account');
  await expect(other.getByTestId('new-password')).toHaveCount(0);
  await expect(page.getByText('Your session has ended. Sign in again.')).toBeVisible();
  expect(home.world.person.password).toBe('a quite new lamp');
});

test('who has just claimed a home is told to make a recovery sheet', async ({ page, home }) => {
  home.world.claimed = false;
  await page.goto(`${home.server.url}/claim#${home.world.claimCode}`);
  await page.getByLabel('Home name').fill('Mill House');
  await page.getByLabel('Your name').fill('Ben');
  await page.getByLabel('Password').fill('plain words at home');
  await page.getByRole('button', { name: 'Claim this gateway' }).click();
  await page.getByRole('link', { name: 'make a recovery sheet' }).click();
  await expect(page.getByRole('button', { name: 'Make a recovery sheet' })).toBeVisible();
  await open(page, 'Switches');
  await page.getByRole('button', { name: 'Later' }).click();
  await expect(page.getByTestId('new-owner')).toHaveCount(0);
});
