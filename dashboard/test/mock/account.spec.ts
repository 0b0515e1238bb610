import { expect, open, test } from './home';

test('another password signs every other browser out, and what is wrong with it is said', async ({
  page,
  home,
}) => {
  const other = await home.browser();
  await home.enter(page);
  await home.enter(other);
  await open(page, 'My account');
  const current = page.getByLabel('Current password');
  const wanted = page.getByLabel('New password');
  const change = page.getByRole('button', { name: 'Change password' });

  await current.fill('not it');
  await wanted.fill('short');
  await change.click();
  await expect(wanted).toHaveAccessibleDescription('3 more characters, please.');
  await wanted.fill("Ana's own house");
  await expect(wanted).toHaveAccessibleDescription(/easily guessed/);
  await wanted.fill('a cold lamp at night');
  await expect(wanted).toHaveAccessibleDescription('Very hard to guess.');
  await change.click();
  await expect(current).toHaveAccessibleDescription('This is not your password.');
  await current.fill('a warm lamp');
  await wanted.fill('a warm lamp');
  await change.click();
  await expect(wanted).toHaveAccessibleDescription('You had this password before.');
  await wanted.fill('a cold lamp at night');
  await change.click();
  await expect(page.getByText('Changed. Everywhere else you are signed out.')).toBeVisible();
  await expect(current).toHaveValue('');
  await expect(other.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await expect(other.getByText('Your session has ended. Sign in again.')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')).toHaveCount(1);
});

test('where one is signed in: what with, since when, and ended one by one or all', async ({ page, home }) => {
  const firefox = 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0';
  home.world.sessions.open(firefox, home.world.person.id, '192.168.1.31');
  home.world.sessions.open(null, home.world.person.id, '192.168.1.32');
  const other = await home.browser();
  await home.enter(other);
  await home.enter(page);
  await open(page, 'My account');
  const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
  await expect(sessions).toHaveCount(4);
  await expect(sessions.nth(0)).toContainText('This one, signed in just now from 192.168.1.20');
  await expect(sessions.nth(0).getByRole('button')).toHaveCount(0);
  await expect(sessions.nth(2)).toContainText('A program');
  await page.getByRole('button', { name: 'End Firefox on Android from 192.168.1.31' }).click();
  await expect(sessions).toHaveCount(3);
  home.server.goAway();
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await expect(sessions).toHaveCount(3);
  home.server.comeBack();
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(sessions).toHaveCount(1);
  await expect(other.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  expect(home.world.sessions.size).toBe(1);
});

test('another name, to sign in with and for others to see', async ({ page, home }) => {
  await home.enter(page);
  await page.getByRole('link', { name: 'Ana', exact: true }).click();
  const name = page.getByLabel('Your name');
  const save = page.getByRole('button', { name: 'Save name' });
  await expect(save).toBeDisabled();
  await name.fill('12345');
  await save.click();
  await expect(name).toHaveAccessibleDescription('A name has a letter.');
  await name.fill(' Anna ');
  await save.click();
  await expect(page.getByText('You are Anna from now on.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Anna', exact: true })).toBeVisible();
  expect(home.world.person.name).toBe('Anna');
});
