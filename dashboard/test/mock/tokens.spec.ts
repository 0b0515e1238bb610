import { expect, open, test } from './home';

test('a token is made for a part of what one may, its secret is shown once, and it is deleted', async ({
  page,
  home,
}) => {
  home.world.tokens.add('Ben', { name: 'Somebody else’s', scopes: ['VIEW'] });
  await home.enter(page);
  await open(page, 'Tokens');
  const list = page.getByRole('list', { name: 'Your tokens' });
  await expect(list).toHaveText('None');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Wall tablet');
  await dialog.getByRole('checkbox', { name: /^See/ }).uncheck();
  await dialog.getByRole('button', { name: 'Make token' }).click();
  await expect(dialog.getByRole('alert')).toContainText('at least one thing');
  await dialog.getByRole('checkbox', { name: /^Move/ }).check();
  await dialog.getByRole('checkbox', { name: /^Administer/ }).check();
  await dialog.getByLabel('Good for').selectOption('Until it is taken back');
  await dialog.getByRole('button', { name: 'Make token' }).click();
  await expect(dialog.getByLabel('Secret')).toHaveValue('7c'.repeat(32));
  await page.keyboard.press('Escape');
  await expect(dialog.getByLabel('Secret'), 'it is shown this once').toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(list).toContainText('move, administer · without an end · never used');
  await expect(page.locator(`text=${'7c'.repeat(32)}`)).toHaveCount(0);

  await page.getByRole('button', { name: 'New token' }).click();
  await dialog.getByLabel('Name').fill('Wall tablet');
  await dialog.getByRole('button', { name: 'Make token' }).click();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription(/already is a token/);
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('button', { name: 'Delete Wall tablet' }).click();
  await expect(dialog).toContainText('cut off at once');
  await dialog.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(list).toHaveText('None');
});

test('a member makes tokens too, but none for what is the owner’s; a guest has no such page', async ({
  page,
  home,
}) => {
  await home.enterAs(page, home.world.personCalled('Ben')!);
  await open(page, 'Tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  await expect(page.getByRole('dialog').getByRole('checkbox')).toHaveCount(2);
  const cleo = home.world.addMember('Cleo', 'GUEST', 'nine loud kettles');
  const other = await home.browser();
  await home.enterAs(other, cleo);
  await expect(other.getByRole('link', { name: 'Record' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Tokens' })).toHaveCount(0);
});
