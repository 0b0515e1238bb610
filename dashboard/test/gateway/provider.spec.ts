/** Sign-in by a provider, as a person has it: their browser, the daemon, and a real provider. Runs after the other tests. */
import type { Page } from '@playwright/test';
import { PASSWORD, card, enter, expect, provider, test, watchOver } from './home';

/** Types a login at the provider's page. */
async function logIn(page: Page, login: string): Promise<void> {
  expect(new URL(page.url()).origin).toBe(provider);
  await page.getByLabel('Login').fill(login);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('an account is linked, signs in from the provider’s page, and an unknown one is refused', async ({
  browser,
}) => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const faults = contexts.map((context) => watchOver(context));
  const [page, other] = await Promise.all([contexts[0]!.newPage(), contexts[1]!.newPage()]);
  await enter(page, PASSWORD);
  await page.getByRole('link', { name: 'My account' }).click();
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Link Example' }).click();
  await page.waitForURL(`${provider}/**`);
  await logIn(page, 'ana');
  await expect(page.getByText('You sign in with Example too, from now on.')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Linked accounts' })).toContainText('Example');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();

  // Signed in at the provider still: it asks nothing.
  await page.getByRole('link', { name: 'Sign in with Example' }).click();
  await expect(card(page, 'Hall light')).toBeVisible();
  await page.getByRole('link', { name: 'Record' }).click();
  await expect(page.getByRole('list', { name: 'What was done' })).toContainText('by their account at');

  await other.goto(new URL(page.url()).origin);
  await other.getByRole('link', { name: 'Sign in with Example' }).click();
  await other.waitForURL(`${provider}/**`);
  await logIn(other, 'eve');
  await expect(other.getByRole('alert').filter({ hasText: 'Ask for an invitation' })).toBeVisible();
  await other.reload();
  await expect(other.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  const elsewhere = faults.flat().filter((fault) => !fault.startsWith(`request: ${provider}/`));
  expect(elsewhere).toEqual([]);
  for (const context of contexts) await context.close();
});
