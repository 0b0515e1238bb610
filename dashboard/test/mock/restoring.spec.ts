import { expect, test } from './home';

const backup = (text: string) => ({
  name: 'home.age',
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(text),
});

test('a backup is brought to a new gateway, and its people sign in as before', async ({ page, home }) => {
  home.world.claimed = false;
  await page.goto(`${home.server.url}/claim#${home.world.claimCode}`);
  await page.getByRole('button', { name: 'Restore a backup instead' }).click();
  await expect(page.getByRole('heading', { name: 'A home from a backup' })).toBeVisible();
  await expect(page.getByLabel('Claim code'), 'it is the same code').toHaveValue(home.world.claimCode);
  const restore = page.getByRole('button', { name: 'Restore this home' });
  await restore.click();
  await expect(page.getByRole('alert')).toContainText('Choose the file');
  await page.getByLabel('Backup').setInputFiles(backup('a shopping list'));
  await restore.click();
  await expect(page.getByRole('alert')).toContainText('not a backup');
  await page.getByLabel('Backup').setInputFiles(backup('age-encryption.org/v1\n…'));
  await page.getByLabel('Claim code').fill('WRONG');
  await restore.click();
  await expect(page.getByLabel('Claim code')).toHaveAccessibleDescription(/wrong or has expired/);
  await page.getByLabel('Claim code').fill(home.world.claimCode);
  await restore.click();
  await expect(page.getByRole('alert')).toContainText('recovery key');
  await page.getByLabel('Recovery key').fill(' age-secret-key-1 qqqq ');
  let there = false;
  await page.route('**/graphql', (route) => (there ? route.continue() : route.abort()));
  await restore.click();
  await expect(page.getByRole('heading', { name: 'The home is back' }), 'while it starts anew').toBeVisible();
  await expect(page.getByRole('link', { name: 'open it anew' })).toHaveAttribute('href', '/sign-in');
  there = true;
  await expect(page.getByText('The home is restored. Sign in as before.')).toBeVisible();
  await page.getByLabel('Your name').fill(home.world.person.name);
  await page.getByLabel('Password').fill(home.world.person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Switches', exact: true })).toBeVisible();
});

test('who changes their mind begins a new home', async ({ page, home }) => {
  home.world.claimed = false;
  await page.goto(`${home.server.url}/claim`);
  await page.getByRole('button', { name: 'Restore a backup instead' }).click();
  await page.getByRole('button', { name: 'Begin a new home instead' }).click();
  await expect(page.getByLabel('Home name')).toBeVisible();
});
