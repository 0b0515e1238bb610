import type { Page } from '@playwright/test';
import { card, expect, open, test } from './home';

const stored = (page: Page, kind: string) => page.locator(`[data-stored="${kind}"]`);
const rows = (page: Page, kind: string) => stored(page, kind).getByRole('listitem');

test('one search goes through everything that is stored', async ({ page, home }) => {
  const ben = home.world.personCalled('Ben')!;
  home.world.shares.add({
    memberId: ben.id,
    target: { kind: 'SWITCH', id: home.world.named('Hall light').id },
    level: 'VIEW',
  });
  home.world.tokens.add('Ana', { name: 'Hall panel', scopes: ['VIEW'] });
  await home.enter(page);
  await open(page, 'Administration');
  await expect(stored(page, 'devices').getByRole('heading')).toHaveText('Devices (5)');
  await expect(rows(page, 'people')).toHaveCount(2);
  await page.getByLabel('Search in everything').fill('HALL');
  await expect(rows(page, 'devices')).toHaveCount(1);
  await expect(rows(page, 'switches')).toContainText(['Hall light']);
  await expect(rows(page, 'rooms')).toContainText(['Hall']);
  await expect(rows(page, 'grants')).toContainText(['Hall light with Ben']);
  await expect(rows(page, 'tokens')).toContainText(['Hall panel']);
  await expect(stored(page, 'people')).toHaveCount(0);
  await page.getByLabel('Search in everything').fill('nowhere');
  await expect(page.getByText('Nothing has “nowhere” in its name.')).toBeVisible();
});

test('a device goes with its switches, on every screen, and the record tells of it', async ({
  page,
  home,
}) => {
  const other = await home.enterTwice(page);
  await open(page, 'Administration');
  await rows(page, 'devices').filter({ hasText: 'Hall board' }).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Delete device' }).click();
  await expect(page.getByRole('dialog')).toContainText('its 2 switches go with it');
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(rows(page, 'devices')).toHaveCount(4);
  await expect(rows(page, 'switches').filter({ hasText: 'Hall light' })).toHaveCount(0);
  await expect(card(other, 'Hall light')).toHaveCount(0);
  await open(other, 'Devices');
  await expect(other.locator('[data-device-name="Hall board"]')).toHaveCount(0);

  await page.getByLabel('Search in everything').fill('Kitchen board');
  await rows(page, 'devices').getByRole('link', { name: 'Record of Kitchen board' }).click();
  await expect(page.getByLabel('Search')).toHaveValue('Kitchen board');
  await page.getByLabel('Search').fill('Hall board');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('list', { name: 'What was done' })).toContainText('deleted device Hall board');
});

test('what opens the home to somebody is ended from here, after saying what goes with it', async ({
  page,
  home,
}) => {
  const { world } = home;
  const ben = world.personCalled('Ben')!;
  const target = { kind: 'ROOM', id: [...world.rooms.keys()][0]! } as const;
  world.shares.add({ memberId: ben.id, target, level: 'OPERATE' });
  world.shares.add({ memberId: null, name: 'Plumber', target, level: 'VIEW', until: '2099-01-02T18:00:00Z' });
  world.tokens.add('Ben', { name: 'Panel', scopes: ['OPERATE'] });
  world.invitations.add({ role: 'GUEST', uses: 2 });
  await home.enter(page);
  const other = await home.browser();
  await home.enterAs(other, ben);
  await open(page, 'Administration');
  await expect(rows(page, 'sessions')).toHaveCount(2);
  await expect(rows(page, 'sessions').filter({ hasText: 'this one' }).getByRole('button')).toHaveCount(0);

  for (const [kind, name, yes, warning] of [
    ['grants', 'Take back', 'Yes, take back', 'move it no more'],
    ['links', 'End', 'Yes, end it', 'out at once'],
    ['invitations', 'Take back', 'Yes, take back', 'lets nobody in'],
    ['tokens', 'Delete', 'Yes, delete', 'cut off at once'],
  ] as const) {
    await rows(page, kind).getByRole('button', { name }).click();
    await expect(page.getByRole('dialog')).toContainText(warning);
    await page.getByRole('dialog').getByRole('button', { name: yes }).click();
    await expect(rows(page, kind), kind).toHaveText(['None']);
  }
  await rows(page, 'sessions').getByRole('button', { name: 'End Ben' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Yes, end it' }).click();
  await expect(other.getByText('Your session has ended.')).toBeVisible();
  await expect(rows(page, 'sessions')).toHaveCount(1);
  await rows(page, 'integrations')
    .filter({ hasText: 'Garden' })
    .getByRole('button', { name: 'Revoke' })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(rows(page, 'integrations')).toHaveCount(2);
});

test('everything that can be made is made from here', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'Administration');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'New room' }).click();
  await dialog.getByLabel('Name').fill('Hall');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription(/that name already/);
  await dialog.getByLabel('Name').fill('Attic');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(rows(page, 'rooms')).toHaveCount(5);

  await page.getByRole('button', { name: 'Share something' }).click();
  await dialog.getByLabel('With whom').selectOption('Ben');
  await dialog.getByLabel('What', { exact: true }).selectOption('Room Attic');
  await dialog.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(rows(page, 'grants')).toContainText(['Room Attic with Ben']);

  await page.getByRole('button', { name: 'New guest link' }).click();
  await dialog.getByLabel('Who is it for?').fill('Plumber');
  await dialog.getByLabel('What', { exact: true }).selectOption('Switch Hall light');
  await dialog.getByRole('button', { name: 'Make link' }).click();
  await expect(dialog.getByTestId('shown-once')).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(rows(page, 'links')).toContainText(['Plumber']);

  await page.getByRole('button', { name: 'New invitation' }).click();
  await dialog.getByRole('button', { name: 'Make invitation' }).click();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(rows(page, 'invitations')).toContainText(['For one person']);

  await page.getByRole('button', { name: 'New token' }).click();
  await dialog.getByLabel('Name').fill('Panel');
  await dialog.getByRole('button', { name: 'Make token' }).click();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(rows(page, 'tokens')).toContainText(['Panel']);

  await page.getByRole('button', { name: 'New integration' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill('Tablet');
  await dialog.getByRole('button', { name: 'Make integration' }).click();
  await expect(dialog.getByLabel('Password')).toHaveValue(/^4f/);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(rows(page, 'integrations')).toHaveCount(3);
});

test('of very many only some are shown, and people without the right are shown none', async ({
  page,
  home,
}) => {
  const { world } = home;
  for (let number = 0; number < 60; number += 1) world.addRoom(`Room ${number}`);
  await home.enter(page);
  await open(page, 'Administration');
  await expect(stored(page, 'rooms').getByRole('heading')).toHaveText('Rooms (50 of 64)');
  await expect(rows(page, 'rooms').last()).toContainText('14 more');
  const other = await home.browser();
  await home.enterAs(other, world.personCalled('Ben')!);
  await other.goto(`${home.server.url}/administration`);
  await expect(other.getByRole('heading', { name: 'Switches', exact: true })).toBeVisible();
});
