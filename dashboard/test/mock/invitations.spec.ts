import { card, expect, open, test } from './home';

test('an invitation is made, opened on another browser, and used up', async ({ page, home }) => {
  await home.enter(page);
  const other = await home.browser();
  await open(page, 'People');
  await page.getByRole('button', { name: 'New invitation' }).click();
  await page.getByLabel('Guest: visits').check();
  await page.getByLabel('Open for').selectOption('One day');
  await expect(page.getByLabel('E-mail address')).toHaveCount(0);
  await page.getByRole('button', { name: 'Make invitation' }).click();
  const once = page.getByTestId('shown-once');
  await expect(once).toContainText(/Guest: visits.*For one person, until/);
  await expect(once.getByRole('img', { name: 'QR code' })).toBeVisible();
  const link = await once.getByLabel('Link', { exact: true }).inputValue();
  const list = page.getByRole('list', { name: 'Open invitations' }).getByRole('listitem');
  await expect(list).toHaveCount(1);
  await expect(list).toContainText(/by Ana/);

  await other.goto(link);
  await expect(other.getByRole('heading', { name: 'Welcome to Alder Lane 4' })).toBeVisible();
  expect(other.url(), 'the code leaves the address').toBe(`${home.server.url}/join`);
  await expect(other.getByText('Ana invites you.')).toBeVisible();
  await other.getByLabel('Your name').fill('Ana');
  await other.getByLabel('Password').fill('Alder Lane 4 for ever');
  await expect(other.getByLabel('Password')).toHaveAccessibleDescription(/easily guessed/);
  await other.getByLabel('Password').fill('nine loud kettles');
  await expect(other.getByLabel('Password')).toHaveAccessibleDescription('Very hard to guess.');
  await other.getByRole('button', { name: 'Join' }).click();
  await expect(other.getByLabel('Your name')).toHaveAccessibleDescription(/has this name already/);
  await other.getByLabel('Your name').fill('Cleo');
  await other.getByRole('button', { name: 'Join' }).click();
  await expect(other.getByRole('heading', { name: 'Nothing is shared with you yet' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Cleo', exact: true })).toBeVisible();

  await page.reload();
  await expect(page.getByRole('list', { name: 'Open invitations' })).toHaveText('None');
  await expect(page.getByText(link)).toHaveCount(0);
  await other.goto('about:blank');
  await other.goto(link);
  await expect(other.getByText('Joining takes that place.')).toBeVisible();
  await expect(other.getByLabel('Code')).toHaveAccessibleDescription(/Ask for another one/);
  await other.getByRole('link', { name: 'Stay signed in as Cleo' }).click();
  await expect(other.getByRole('heading', { name: 'Switches', exact: true })).toBeVisible();
});

test('an invitation is mailed where the gateway can, and taken back', async ({ page, home }) => {
  home.world.mail = true;
  await home.enter(page);
  await open(page, 'People');
  await page.getByRole('button', { name: 'New invitation' }).click();
  await page.getByLabel('For how many people').fill('3');
  await page.getByLabel('E-mail address').fill('ben@nowhere');
  await expect(page.getByLabel('For how many people')).toHaveCount(0);
  home.server.goAway();
  await page.getByRole('button', { name: 'Make invitation' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  home.server.comeBack();
  await page.getByRole('button', { name: 'Make invitation' }).click();
  await expect(page.getByText('An invitation is on its way to ben@nowhere')).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: /Take back the invitation: For ben@nowhere/ }).click();
  await expect(page.getByRole('list', { name: 'Open invitations' })).toHaveText('None');
  expect(home.world.invitations.size).toBe(0);
});

test('a member invites to what they share, and sees their own invitations alone', async ({ page, home }) => {
  const { world } = home;
  const ben = world.personCalled('Ben')!;
  const kitchen = [...world.rooms.values()].find((one) => one.name === 'Kitchen')!;
  world.shares.add({ memberId: ben.id, target: { kind: 'ROOM', id: kitchen.id }, level: 'OPERATE' });
  world.invitations.add({ role: 'OWNER', uses: 1 });
  await home.enterAs(page, ben);
  await open(page, 'People');
  await expect(page.getByRole('list', { name: 'Open invitations' })).toHaveText('None');
  await page.getByRole('button', { name: 'New invitation' }).click();
  await expect(page.getByLabel('Owner: decides everything')).toHaveCount(0);
  await page.getByRole('button', { name: 'Make invitation' }).click();
  await expect(page.getByLabel('What', { exact: true }), 'something has to be chosen').toBeFocused();
  await page.getByLabel('What', { exact: true }).selectOption('Switch Counter light');
  await page.getByRole('button', { name: 'Share one more part' }).click();
  await page.getByLabel('What', { exact: true }).nth(1).selectOption('Switch Extractor fan');
  await page.getByLabel('See only').nth(1).check();
  await page.getByRole('button', { name: 'Make invitation' }).click();
  const link = await page.getByLabel('Link', { exact: true }).inputValue();
  const list = page.getByRole('list', { name: 'Open invitations' });
  await expect(list).toContainText('With Counter light, Extractor fan (see only)');

  const other = await home.browser();
  await other.goto(link);
  await other.getByLabel('Your name').fill('Cleo');
  await other.getByLabel('Password').fill('nine loud kettles');
  await other.getByRole('button', { name: 'Join' }).click();
  await expect(card(other, 'Counter light')).toBeVisible();
  await expect(card(other, 'Extractor fan')).toContainText('you may see it, not move it');
});
