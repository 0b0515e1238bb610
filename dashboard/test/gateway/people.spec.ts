/** Accounts, as people have them on two browsers: the daemon itself. Runs after the home was claimed by the first tap. */
import { card, enter, expect, origin, test, watchOver } from './home';

let password = 'seven quiet lamps';

test('another password signs the other browser out, and the old one is good for nothing', async ({
  browser,
}) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map((context) => watchOver(context));
  const [page, other] = await Promise.all([contexts[0]!.newPage(), contexts[1]!.newPage()]);
  await enter(page, password);
  await enter(other, password);

  await page.getByRole('link', { name: 'My account' }).click();
  await expect(page.getByRole('list', { name: 'Sessions' })).toContainText('This one');
  await page.getByLabel('Current password').fill(password);
  await page.getByLabel('New password').fill('mill house');
  await expect(page.getByLabel('New password')).toHaveAccessibleDescription(/easily guessed/);
  const before = password;
  password = 'nine loud kettles';
  await page.getByLabel('New password').fill(password);
  await expect(page.locator('[data-score="3"], [data-score="4"]')).toBeVisible();
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Changed. Everywhere else you are signed out.')).toBeVisible();

  await expect(other.getByText('Your session has ended. Sign in again.')).toBeVisible();
  await other.getByLabel('Your name').fill('Ana');
  await other.getByLabel('Password').fill(before);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.getByText('do not go together')).toBeVisible();
  await other.getByLabel('Password').fill(password);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(card(other, 'Hall light')).toBeVisible();

  await page.getByRole('link', { name: 'Record' }).click();
  await expect(page.getByRole('list', { name: 'What was done' })).toContainText('wall button Kitchen 1 on');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  expect((await saved).suggestedFilename()).toBe('gatehouse-record.csv');
  expect(faults.flat()).toEqual([]);
  for (const context of contexts) await context.close();
});

test('an invitation lets someone in on another browser, once', async ({ browser }) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map((context) => watchOver(context));
  const [page, other] = await Promise.all([contexts[0]!.newPage(), contexts[1]!.newPage()]);
  await enter(page, password);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'New invitation' }).click();
  await page.getByRole('button', { name: 'Make invitation' }).click();
  const once = page.getByTestId('shown-once');
  await expect(once.getByRole('img', { name: 'QR code' })).toBeVisible();
  const link = await once.getByLabel('Link', { exact: true }).inputValue();

  await other.goto(link);
  await expect(other.getByText('Ana invites you.')).toBeVisible();
  await other.getByLabel('Your name').fill('ANA');
  await other.getByLabel('Password').fill('four green buckets');
  await expect(other.locator('[data-score="3"], [data-score="4"]')).toBeVisible();
  await other.getByRole('button', { name: 'Join' }).click();
  await expect(other.getByLabel('Your name')).toHaveAttribute('aria-invalid', 'true');
  await other.getByLabel('Your name').fill('Ben');
  await other.getByRole('button', { name: 'Join' }).click();
  await expect(other.getByRole('heading', { name: 'Switches', exact: true })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Ben', exact: true })).toBeVisible();

  await expect(other.getByRole('heading', { name: 'Nothing is shared with you yet' })).toBeVisible();
  await page.getByRole('button', { name: 'Share with Ben' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('Switch Hall light');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await card(other, 'Hall light').click();
  await expect(card(other, 'Hall light')).toHaveAttribute('data-phase', 'confirmed');
  await expect(other.locator('[data-switch-name]')).toHaveCount(1);
  await page.getByRole('button', { name: 'Take back Hall light from Ben' }).click();
  await expect(card(other, 'Hall light')).toHaveCount(0);

  await page.reload();
  await expect(page.getByRole('list', { name: 'Open invitations' })).toHaveText('None');
  await page.goto('about:blank');
  await page.goto(link);
  await expect(page.getByLabel('Code')).toHaveAccessibleDescription(/Ask for another one/);
  expect(faults.flat()).toEqual([]);
  for (const context of contexts) await context.close();
});

/** How long the link is good: a guest has come by it and moved something long before. */
const GOOD_FOR_MS = 20_000;

test('a guest link that ends while its page is open says so by itself, and shows nothing more', async ({
  browser,
}) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map((context) => watchOver(context));
  const [page, guest] = await Promise.all([contexts[0]!.newPage(), contexts[1]!.newPage()]);
  await enter(page, password);
  // No form offers less than an hour.
  const token = await page.evaluate(async (goodForMs) => {
    const ask = async (query: string, variables = {}) => {
      const answer = await fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await answer.json()).data;
    };
    const { gateway, switches } = await ask(
      '{ gateway { time clockTrusted } switches(search: "hall LIGHT") { id } }',
    );
    const input = {
      name: 'Plumber',
      target: { kind: 'SWITCH', id: switches[0].id },
      level: 'OPERATE',
      until: new Date(Date.parse(gateway.time) + goodForMs).toISOString(),
    };
    const made = await ask(
      'mutation ($input: CreateGuestLinkInput!) { createGuestLink(input: $input) { token } }',
      { input },
    );
    return made.createGuestLink.token as string;
  }, GOOD_FOR_MS);

  await guest.goto(`${origin}/guest#${token}`);
  await expect(guest.getByTestId('guest')).toHaveText(/^Plumber, until /);
  await card(guest, 'Hall light').click();
  await expect(card(guest, 'Hall light')).toHaveAttribute('data-phase', 'confirmed');
  await page.getByRole('link', { name: 'People' }).click();
  await expect(page.getByRole('list', { name: 'Guest links' })).toContainText('Plumber');

  await expect(guest.getByText('Your guest link has ended.')).toBeVisible({ timeout: 2 * GOOD_FOR_MS });
  await expect(card(guest, 'Hall light')).toHaveCount(0);
  await expect(page.getByRole('list', { name: 'Guest links' }), 'it is gone for the owner too').toHaveCount(
    0,
  );
  await guest.reload();
  await expect(guest.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await guest.goto('about:blank');
  await guest.goto(`${origin}/guest#${token}`);
  await expect(guest.getByRole('alert')).toContainText('ended');
  expect(faults.flat()).toEqual([]);
  for (const context of contexts) await context.close();
});
