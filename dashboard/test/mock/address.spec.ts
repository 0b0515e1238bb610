import { expect, open, test } from './home';

test('an address is given, waits, is confirmed by its link, and is taken away', async ({ page, home }) => {
  home.world.mail = true;
  const { person, mailed } = home.world;
  await home.enter(page);
  await open(page, 'My account');
  const email = page.getByLabel('E-mail address');
  const password = page.getByLabel('Your password');
  const send = page.getByRole('button', { name: 'Mail a link' });
  await email.fill('ana@nowhere');
  await password.fill('not it');
  await send.click();
  await expect(email).toHaveAccessibleDescription(/looks like/);
  await email.fill('ana@example.org');
  await send.click();
  await expect(password).toHaveAccessibleDescription('This is not your password.');
  await password.fill(person.password);
  await send.click();
  await expect(page.getByText('A link is on its way to ana@example.org.')).toBeVisible();
  await expect(page.getByText('ana@example.org is waiting for confirmation.')).toBeVisible();
  const first = mailed.get('ana@example.org');
  await page.getByRole('button', { name: 'Mail another link' }).click();
  await expect(page.getByText('Another link is on its way to ana@example.org.')).toBeVisible();
  expect(mailed.get('ana@example.org')).not.toBe(first);

  const other = await home.browser();
  await other.goto(`${home.server.url}/confirm#${first}`);
  await expect(other, 'the code leaves the address').toHaveURL(`${home.server.url}/confirm`);
  await other.getByRole('button', { name: 'Confirm' }).click();
  await expect(other.getByLabel('Code')).toHaveAccessibleDescription(/Ask for another one/);
  await other.goto('about:blank');
  await other.goto(`${home.server.url}/confirm#${mailed.get('ana@example.org')}`);
  await expect(other.getByRole('button', { name: 'Confirm' })).toBeEnabled();
  expect(person.email, 'a program that opens links confirms nothing').toBeNull();
  await other.getByRole('button', { name: 'Confirm' }).click();
  await expect(other.getByText('reaches you there from now on')).toBeVisible();
  await other.getByRole('link', { name: 'To sign-in' }).click();
  await expect(other.getByRole('heading', { name: 'Welcome back' })).toBeVisible();

  await page.reload();
  await expect(page.getByText('Confirmed. If you forget your password')).toBeVisible();
  await page.getByLabel('Another e-mail address').fill('ana@example.net');
  await password.fill(person.password);
  await send.click();
  await page.getByRole('button', { name: 'Forget it' }).click();
  await expect(page.getByText('is waiting for confirmation')).toHaveCount(0);
  expect([person.email, person.emailWaiting]).toEqual(['ana@example.org', null]);
  await page.getByRole('button', { name: 'Remove ana@example.org' }).click();
  await expect(email).toBeVisible();
  expect(person.email).toBeNull();
});

test('without mail it is said so, and an address that is there can be taken away', async ({ page, home }) => {
  home.world.person.email = 'ana@example.org';
  await home.enter(page);
  await open(page, 'My account');
  await expect(page.getByText('This gateway sends no mail')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Mail a link' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Remove ana@example.org' }).click();
  await expect(page.getByText('Removed.')).toBeVisible();
});

test('a forgotten password: the answer is the same for every address, and the link lets in', async ({
  page,
  home,
}) => {
  await page.goto(home.server.url);
  await page.getByText('Forgot your password?').click();
  await expect(page.getByText('gatehouse member reset')).toBeVisible();
  await expect(page.getByLabel('Your e-mail address')).toHaveCount(0);
  home.world.mail = true;
  home.world.person.email = 'ana@example.org';
  await page.reload();
  await page.getByText('Forgot your password?').click();
  const email = page.getByLabel('Your e-mail address');
  const ask = page.getByRole('button', { name: 'Mail me a link' });
  await email.fill('ana@nowhere');
  await ask.click();
  await expect(email).toHaveAccessibleDescription(/looks like/);
  for (const address of ['nobody@example.org', 'ana@example.org']) {
    await email.fill(address);
    await ask.click();
    await expect(
      page.getByText(`If somebody here has ${address}, a link is on its way there.`),
    ).toBeVisible();
  }
  expect([...home.world.mailed.keys()]).toEqual(['ana@example.org']);
  home.server.goAway();
  await ask.click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  home.server.comeBack();
  await page.goto(`${home.server.url}/reset#${home.world.mailed.get('ana@example.org')}`);
  const linkedAt = new Date().toISOString();
  home.world.person.identities.push({ id: 'o1', provider: 'accounts.example.org', current: true, linkedAt });
  await page.getByLabel('New password').fill('a quite new lamp');
  await page.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(page.getByTestId('new-password')).toContainText(
    'Still good to get in: your account at accounts.example.org, links mailed to ana@example.org.',
  );
  expect(new URL(page.url()).pathname).toBe('/account');
  await page.getByRole('button', { name: 'Unlink accounts.example.org' }).click();
  await page.getByRole('button', { name: 'Remove ana@example.org' }).click();
  await expect(page.getByTestId('new-password')).not.toContainText('Still good to get in');
  await page.getByTestId('new-password').getByRole('link', { name: 'their tokens' }).click();
  await expect(page.getByRole('heading', { name: 'Tokens' })).toBeVisible();
});

test('who joins may give an address, which counts at once when the invitation came there', async ({
  page,
  home,
}) => {
  const join = async (code: string, name: string) => {
    await page.goto('about:blank');
    await page.goto(`${home.server.url}/join#${code}`);
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Password').fill('nine loud kettles');
  };
  const { world } = home;
  const open = world.invitations.add({ role: 'MEMBER', uses: 3 });
  await join(open.code, 'Cleo');
  await expect(page.getByLabel('E-mail address')).toHaveCount(0);
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('link', { name: 'Cleo', exact: true })).toBeVisible();

  world.mail = true;
  await join(open.code, 'Dora');
  const email = page.getByLabel('E-mail address');
  await expect(email).toHaveAccessibleDescription(/You confirm it/);
  await email.fill('dora@nowhere');
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(email).toHaveAccessibleDescription(/looks like/);
  await email.fill('dora@example.org');
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('link', { name: 'Dora', exact: true })).toBeVisible();
  expect(world.personCalled('Dora')).toMatchObject({ email: null, emailWaiting: 'dora@example.org' });

  const mailed = world.invitations.add({ role: 'MEMBER', email: 'eve@example.org' });
  await join(mailed.code, 'Eve');
  await expect(email).toHaveValue('eve@example.org');
  await expect(email).not.toHaveAccessibleDescription(/You confirm it/);
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('link', { name: 'Eve', exact: true })).toBeVisible();
  expect(world.personCalled('Eve')).toMatchObject({ email: 'eve@example.org', emailWaiting: null });
});
