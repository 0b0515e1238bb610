import { card, expect, open, test } from './home';

test('who did what: paged, searched, chosen, and told as it ended', async ({ page, home }) => {
  await home.enter(page);
  await card(page, 'Counter light').click();
  await expect(card(page, 'Counter light')).toHaveAttribute('data-phase', 'confirmed');
  await card(page, 'Blind up').click();
  await expect(card(page, 'Blind up')).toHaveAttribute('data-phase', 'refused');
  await open(page, 'Record');
  const lines = page.getByRole('list', { name: 'What was done' }).getByRole('listitem');
  await expect(lines).toHaveCount(50);
  await expect(lines.nth(0)).toHaveText(/^Ana Blind up on just now, refused: interlocked with Blind down$/);
  await expect(lines.nth(1)).toHaveText(/^Ana Counter light off just now, confirmed in 41 ms$/);
  await expect(lines.nth(2)).toHaveText(
    'Ana changed switch Reading lamp time not known, now called Floor lamp',
  );
  await page.getByRole('button', { name: 'Show older' }).click();
  await expect(lines).toHaveCount(67);
  await expect(lines.last()).toHaveText('wall button Hall light on 60 days ago');
  await expect(page.getByRole('button', { name: 'Show older' })).toHaveCount(0);

  await page.getByLabel('Show').selectOption('Who came and went');
  await expect(lines).toHaveText([/signed in 20 days/, /signed in 40 days/]);
  await page.getByRole('button', { name: 'Show older' }).click();
  await expect(lines).toHaveText([/signed in 20 days/, /signed in 40 days/, /signed in 60 days/]);
  await page.getByLabel('Show').selectOption('What was changed');
  await expect(lines).toHaveCount(2);
  await page.getByLabel('Switch', { exact: true }).selectOption('Hall light');
  await expect(page.getByText('Nothing of this kind was done.')).toBeVisible();
  await page.getByLabel('Show').selectOption('What moved');
  await expect(lines).toHaveCount(44);

  const day = new Date(Date.now() - 10 * 86_400_000);
  const text = [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((it) => `${it}`.padStart(2, '0'));
  await page.getByLabel('From').fill(text.join('-'));
  await page.getByLabel('To', { exact: true }).fill(text.join('-'));
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(lines).toHaveText(['wall button Hall light on 10 days ago']);

  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('Search').fill('  blind ');
  await page.getByLabel('Search').press('Enter');
  await expect(lines).toHaveCount(1);

  home.server.goAway();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await expect(lines).toHaveCount(1);
  home.server.comeBack();
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(lines).toHaveCount(50);
});

test('an owner saves the whole record as a file', async ({ page, home }) => {
  await home.enter(page);
  await open(page, 'Record');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  expect((await saved).suggestedFilename()).toBe('gatehouse-record.csv');
  await expect(page.getByRole('heading', { name: 'Record' })).toBeVisible();
});
