import type { Page } from '@playwright/test';
import { card, expect, open, status, test } from './home';

const person = (page: Page, name: string) => page.locator(`[data-member-name="${name}"]`);

test('what is shared with someone is theirs at once, to see or to move, and is taken back', async ({
  page,
  home,
}) => {
  const ben = home.world.personCalled('Ben')!;
  await home.enter(page);
  const other = await home.browser();
  await home.enterAs(other, ben);
  await expect(other.getByRole('heading', { name: 'Nothing is shared with you yet' })).toBeVisible();

  await open(page, 'People');
  await expect(person(page, 'Ben')).toContainText('Nothing is shared with them yet');
  await page.getByRole('button', { name: 'Share with Ben' }).click();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(page.getByLabel('What', { exact: true }), 'it has to be chosen').toBeFocused();
  await page.getByLabel('What', { exact: true }).selectOption('Switch Hall light');
  await page.getByLabel('See only').check();
  await page.getByRole('button', { name: 'Share', exact: true }).click();

  await expect(card(other, 'Hall light')).toContainText('you may see it, not move it');
  await expect(card(other, 'Counter light')).toHaveCount(0);
  await card(other, 'Hall light').click({ force: true });
  await expect(card(other, 'Hall light')).toHaveAttribute('data-phase', 'idle');

  await page.getByRole('button', { name: 'Share with Ben' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('Room Kitchen');
  await page.getByLabel('For how long').selectOption('One day');
  await page.getByLabel('At some hours only').check();
  await page.getByLabel('Sat').check();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(person(page, 'Ben')).toContainText(/Kitchen.*until/s);
  await card(other, 'Counter light').click();
  await expect(status(other, 'Counter light')).toContainText('confirmed');
  await open(other, 'People');
  await expect(other.getByRole('list', { name: 'Shared with you' })).toContainText('Kitchen');

  await page.getByRole('button', { name: 'Take back Room Kitchen from Ben' }).click();
  await expect(other.getByRole('list', { name: 'Shared with you' })).not.toContainText('Kitchen');
  await open(other, 'Switches');
  await expect(card(other, 'Hall light')).toBeVisible();
  await expect(card(other, 'Counter light')).toHaveCount(0);
});

test('a guest link opens a room without an account, and closes while it is open', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'People');
  await page.getByRole('button', { name: 'New guest link' }).click();
  await page.getByLabel('Who is it for?').fill('Plumber');
  await page.getByLabel('What', { exact: true }).selectOption('Room Hall');
  await page.getByRole('button', { name: 'Make link' }).click();
  const once = page.getByTestId('shown-once');
  await expect(once).toContainText(/Hall.*until/s);
  await expect(once.getByRole('img', { name: 'QR code' })).toBeVisible();
  const link = await once.getByLabel('Link', { exact: true }).inputValue();

  const guest = await home.browser();
  await guest.goto(link);
  await expect(card(guest, 'Hall light')).toBeVisible();
  expect(guest.url(), 'the token leaves the address').toBe(`${home.server.url}/`);
  await expect(card(guest, 'Counter light')).toHaveCount(0);
  await expect(guest.getByTestId('guest')).toHaveText(/^Plumber, until /);
  await expect(guest.getByRole('navigation')).toHaveCount(0);
  await card(guest, 'Hall light').click();
  await expect(status(guest, 'Hall light')).toContainText('confirmed');
  await guest.goto(`${home.server.url}/people`);
  await expect(card(guest, 'Hall light'), 'a guest has one page').toBeVisible();

  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'End the link for Plumber' }).click();
  await page.getByRole('button', { name: 'Yes, end it' }).click();
  await expect(guest.getByText('Your guest link has ended.')).toBeVisible();
  await guest.goto('about:blank');
  await guest.goto(link);
  await expect(guest.getByRole('alert')).toContainText('ended');
});

test('people are renamed, become something else, and leave; an owner stays', async ({ page, home }) => {
  const ben = home.world.personCalled('Ben')!;
  await home.enter(page);
  const other = await home.browser();
  await home.enterAs(other, ben);
  await expect(other.getByRole('link', { name: 'Ben', exact: true })).toBeVisible();
  await open(page, 'People');
  await page.getByRole('button', { name: 'Edit Ben' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Benno');
  await page.getByLabel('Role').selectOption('OWNER');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(person(page, 'Benno')).toContainText('Owner');
  await expect(card(other, 'Counter light'), 'an owner sees everything').toBeVisible();

  await page.getByRole('button', { name: 'Edit Benno' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Yes, remove' }).click();
  await expect(person(page, 'Benno')).toHaveCount(0);
  await expect(other.getByText('Your session has ended.')).toBeVisible();

  await page.getByRole('button', { name: 'Edit Ana' }).click();
  await page.getByLabel('Role').selectOption('GUEST');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog')).toContainText('needs an owner');
});

test('a room or a switch is shared from where it is shown', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'Rooms');
  await page.getByRole('button', { name: 'Share Hall light' }).click();
  await expect(page.getByLabel('What', { exact: true })).toHaveValue(/^SWITCH:/);
  await page.getByLabel('With whom').selectOption('Ben');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Share room Kitchen' }).click();
  await page.getByLabel('With whom').selectOption('Whoever has a link, without an account');
  await page.getByLabel('Who is it for?').fill('Plumber');
  await page.getByRole('button', { name: 'Make link' }).click();
  await expect(page.getByTestId('shown-once')).toContainText('Room Kitchen');
  await page.getByRole('button', { name: 'Done' }).click();
  await open(page, 'People');
  await expect(person(page, 'Ben')).toContainText('Hall light');
  await expect(page.getByRole('list', { name: 'Guest links' })).toContainText('Plumber');

  const other = await home.browser();
  await home.enterAs(other, home.world.personCalled('Ben')!);
  await open(other, 'Rooms');
  await expect(other.getByRole('button', { name: 'Share Hall light' })).toBeVisible();
  await expect(other.getByRole('button', { name: /^Edit/ })).toHaveCount(0);
  await expect(other.getByLabel('New room')).toHaveCount(0);
  await open(other, 'Devices');
  await expect(other.getByRole('button', { name: /^(Edit|New password)/ })).toHaveCount(0);
});
