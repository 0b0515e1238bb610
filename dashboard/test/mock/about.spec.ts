import { card, expect, open, test } from './home';

test('the owner names the home, its zone and how to reach them, and everyone reads it as it was typed', async ({
  page,
  home,
}) => {
  const contact = 'Call Ana\n<img src=x onerror="document.title=1">';
  await home.enter(page);
  await open(page, 'About this home');
  await expect(page.getByRole('listitem').filter({ hasText: 'Ana, owner' })).toBeVisible();
  await page.getByLabel('Name of the home').fill('Mill House');
  await page.getByLabel('Time zone').fill('Europe/Atlantis');
  await page.getByLabel('How to reach you').fill(contact);
  const save = page.getByRole('button', { name: 'Save' });
  await save.click();
  await expect(page.getByLabel('Time zone')).toHaveAccessibleDescription('There is no such time zone.');
  await page.getByLabel('Time zone').fill('America/New_York');
  await page.getByLabel('How to reach you').fill('x'.repeat(201));
  await save.click();
  await expect(page.getByLabel('How to reach you')).toHaveAccessibleDescription(/200 characters/);
  await page.getByLabel('How to reach you').fill(contact);
  await save.click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1, name: 'Mill House' })).toBeVisible();
  await expect(page.getByText('America/New_York', { exact: true })).toBeVisible();
  await expect(page.getByTestId('contact')).toHaveText(contact);
  await expect(page).toHaveTitle('Mill House · Gatehouse');

  const other = await home.browser();
  await home.enterAs(other, home.world.personCalled('Ben')!);
  await open(other, 'About this home');
  await expect(other.getByTestId('contact')).toHaveText(contact);
  await expect(other.getByRole('heading', { name: 'Who lives here' })).toBeVisible();
  await expect(other.getByRole('button', { name: 'Save' })).toHaveCount(0);
});

test('guests read whom to ask, and not who lives here', async ({ page, home }) => {
  home.world.contact = '+43 1 234';
  const target = { kind: 'SWITCH', id: home.world.named('Hall light').id } as const;
  const link = home.world.shares.add({ memberId: null, name: 'Plumber', target, level: 'OPERATE' });
  await page.goto(`${home.server.url}/guest#${link.token}`);
  await expect(card(page, 'Hall light')).toBeVisible();
  await page.getByRole('link', { name: 'About this home' }).click();
  await expect(page.getByTestId('contact')).toHaveText('+43 1 234');
  await expect(page.getByText('You were let in by Ana.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Who lives here' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Back to the switches' }).click();
  await expect(card(page, 'Hall light')).toBeVisible();

  const cleo = home.world.addMember('Cleo', 'GUEST', 'nine loud kettles');
  home.world.shares.add({ memberId: cleo.id, target, level: 'VIEW' });
  const other = await home.browser();
  await home.enterAs(other, cleo);
  await open(other, 'About this home');
  await expect(other.getByText('You were let in by Ana.')).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Who lives here' })).toHaveCount(0);
});
