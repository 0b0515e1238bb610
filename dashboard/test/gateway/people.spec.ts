/** Accounts, as people have them on two browsers: the daemon itself. Runs after the home was claimed by the first tap. */
import { card, enter, expect, test, watchOver } from './home';

let password = 'seven quiet lamps';

test('another password signs the other browser out, and the old one is good for nothing', async ({
  browser,
}) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map(watchOver);
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
  expect(faults.flat()).toEqual([]);
  for (const context of contexts) await context.close();
});

test('an invitation lets someone in on another browser, once', async ({ browser }) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map(watchOver);
  const [page, other] = await Promise.all([contexts[0]!.newPage(), contexts[1]!.newPage()]);
  await enter(page, password);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'New invitation' }).click();
  // The clock of a machine that was never told the time is not trusted, and what has an end does not hold then.
  await page.getByLabel('Open for').selectOption('Until it is taken back');
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
