import { expect, open, test } from './home';

test('an owner takes the home away by its name and their password, and is led to claim the gateway', async ({
  page,
  home,
}) => {
  home.world.setAvailability('Heater', 'OFFLINE');
  const away = [...home.world.devices.values()].filter((one) => one.availability !== 'ONLINE');
  const { size } = home.world.devices;
  await home.enter(page);
  await open(page, 'Administration');
  await page.getByRole('button', { name: 'Take this home away…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Factory reset' });
  const name = dialog.getByLabel('Name of the home');
  const password = dialog.getByLabel('Your password');
  const erase = dialog.getByRole('button', { name: 'Take it away for good' });

  await expect(name, 'it is what is asked first').toBeFocused();
  await erase.click();
  await expect(dialog, 'nothing is typed').toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Take this home away…' })).toBeFocused();
  await page.keyboard.press('Enter');
  await name.fill('alder lane 4');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not it');
  await page.keyboard.press('Enter');
  await expect(password).toHaveAccessibleDescription('This is not your password.');
  await password.fill(home.world.person.password);
  await page.keyboard.press('Enter');
  await expect(name).toHaveAccessibleDescription(/called otherwise/);
  expect(home.world.claimed).toBe(true);

  let forgotten = () => {};
  home.world.forgetting = new Promise((resolve) => (forgotten = resolve));
  await name.fill(' Alder Lane 4 ');
  await erase.click();
  await expect(dialog.getByRole('status')).toContainText('Boards are told to forget the home');
  await expect(dialog.getByRole('button', { name: 'Taking it away…' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog, 'it cannot be stopped').toBeVisible();
  forgotten();

  await expect(page.getByRole('heading', { name: 'A new gateway' })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/claim');
  const told = page.getByTestId('erased');
  await expect(told).toContainText(`${size - away.length} boards have forgotten it.`);
  await expect(told).toContainText(
    away
      .map((one) => one.name)
      .toSorted()
      .join(', '),
  );
});

test('while the gateway starts anew the page says so, and what to do when it does not go on', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Administration');
  await page.getByRole('button', { name: 'Take this home away…' }).click();
  await page.getByLabel('Name of the home').fill(home.world.homeName);
  await page.getByLabel('Your password').fill(home.world.person.password);
  const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'));
  let there = false;
  await page.route('**/graphql', (route) =>
    route.request().postData()?.includes('WhoIsHere') && !there ? route.abort() : route.continue(),
  );
  await page.getByRole('button', { name: 'Take it away for good' }).click();
  await answered;
  await expect(page.getByRole('heading', { name: 'Goodbye' })).toBeVisible();
  await expect(page.getByTestId('erased')).toContainText('The home is taken away.');
  await expect(page.getByRole('link', { name: 'open it anew' })).toHaveAttribute('href', '/claim');
  there = true;
  await expect(page.getByRole('heading', { name: 'A new gateway' })).toBeVisible();

  // Another home comes there: nothing is said of the one that went.
  there = false;
  await page.getByRole('button', { name: 'Restore a backup instead' }).click();
  await page.getByLabel('Claim code').fill(home.world.claimCode);
  const buffer = Buffer.from('age-encryption.org/v1\n…');
  await page.getByLabel('Backup').setInputFiles({ name: 'home.age', mimeType: '', buffer });
  await page.getByLabel('Recovery key').fill('age-secret-key-1');
  await page.getByRole('button', { name: 'Restore this home' }).click();
  await expect(page.getByRole('heading', { name: 'The home is back' })).toBeVisible();
  await expect(page.getByTestId('erased')).toHaveCount(0);
});

test('a home is its owner’s to take away', async ({ page, home }) => {
  await home.enterAs(page, home.world.personCalled('Ben')!);
  await page.goto(`${home.server.url}/administration`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Factory reset' })).toHaveCount(0);
});
