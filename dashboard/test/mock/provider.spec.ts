import { expect, open, test } from './home';

test('an account is linked with the password, signs in, and is unlinked', async ({ page, home }) => {
  home.world.provider = { name: 'Example', origin: home.server.url };
  await home.enter(page);
  await open(page, 'My account');
  const password = page.getByLabel('Your password');
  await password.fill('not it');
  await page.getByRole('button', { name: 'Link Example' }).click();
  await expect(password).toHaveAccessibleDescription('This is not your password.');
  await password.fill('a warm lamp');
  await page.getByRole('button', { name: 'Link Example' }).click();
  await expect(page.getByText('You sign in with Example too, from now on.')).toBeVisible();
  expect(page.url(), 'the word leaves the address').toBe(`${home.server.url}/account`);
  const accounts = page.getByRole('list', { name: 'Linked accounts' }).getByRole('listitem');
  await expect(accounts).toHaveText(/Example accounts\.example\.org, linked just now/);
  await expect(page.getByRole('button', { name: 'Link Example' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Unlink accounts.example.org' }).click();
  await expect(accounts).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Link Example' })).toBeVisible();
});

test('the page for signing in leads to the provider, and says what came of it', async ({ page, home }) => {
  await page.goto(home.server.url);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Sign in with' })).toHaveCount(0);
  home.world.provider = { name: 'Example', origin: home.server.url };
  // Back from elsewhere, as from the provider's page.
  await page.goto('about:blank');
  await page.goto(`${home.server.url}/sign-in#provider-unknown`);
  await expect(page.getByRole('alert').filter({ hasText: 'Ask for an invitation' })).toBeVisible();
  expect(page.url()).toBe(`${home.server.url}/sign-in`);
  const way = page.getByRole('link', { name: 'Sign in with Example' });
  await expect(way).toHaveAttribute('href', `${home.server.url}/oidc/start`);
  await expect(page.getByText('It leads to')).toHaveCount(0);
  await page.getByLabel('Your name').fill('Ana');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('do not go together')).toBeVisible();
  await expect(page.getByText('Ask for an invitation')).toHaveCount(0);

  home.world.provider = { name: 'Example', origin: 'https://home.example.org' };
  await page.reload();
  await expect(page.getByText('It leads to home.example.org.')).toBeVisible();
  await expect(way).toHaveAttribute('href', 'https://home.example.org/oidc/start');
});

test('who is invited joins by the provider, and chooses a password later', async ({ page, home }) => {
  home.world.mail = true;
  home.world.provider = { name: 'Example', origin: home.server.url };
  const { code } = home.world.invitations.add({ role: 'MEMBER', uses: 1 });
  await page.goto(`${home.server.url}/join#${code}`);
  const go = page.getByRole('button', { name: 'Continue with Example' });
  await go.click();
  await expect(page.getByLabel('Your name')).toHaveAccessibleDescription('Choose a name first.');
  await page.getByLabel('Your name').fill('Ana');
  await go.click();
  await expect(page.getByLabel('Your name')).toHaveAccessibleDescription(/has this name already/);
  await page.getByLabel('Your name').fill('Cleo');
  await page.getByLabel('E-mail address').fill('cleo@nowhere');
  await go.click();
  await expect(page.getByLabel('E-mail address')).toHaveAccessibleDescription(/looks like/);
  await page.getByLabel('E-mail address').fill('cleo@example.org');
  await go.click();
  await expect(page.getByRole('link', { name: 'Cleo', exact: true })).toBeVisible();
  expect(home.world.personCalled('Cleo')).toMatchObject({ email: null, emailWaiting: 'cleo@example.org' });

  await open(page, 'My account');
  await expect(page.getByLabel('Current password')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Unlink accounts.example.org' })).toBeDisabled();
  await page.getByLabel('New password').fill('nine loud kettles');
  await page.getByRole('button', { name: 'Choose password' }).click();
  await expect(page.getByText('Changed. Everywhere else you are signed out.')).toBeVisible();
  await expect(page.getByLabel('Current password')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Unlink accounts.example.org' })).toBeEnabled();
});

test('where the provider leads back to another name, pages lead there', async ({ page, home }) => {
  home.world.provider = { name: 'Example', origin: 'https://home.example.org' };
  const { code } = home.world.invitations.add({ role: 'MEMBER', uses: 1 });
  await page.goto(`${home.server.url}/join#${code}`);
  const there = page.getByRole('link', { name: 'With Example, at home.example.org' });
  await expect(there).toHaveAttribute('href', `https://home.example.org/join#${code}`);
  await home.enter(page);
  await open(page, 'My account');
  await expect(page.getByRole('link', { name: 'home.example.org' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Link Example' })).toHaveCount(0);
});
