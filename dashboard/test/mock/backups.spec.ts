import { expect, open, test } from './home';

test('backups begin with a recovery key that is printed, and say when they were proven', async ({
  page,
  home,
}) => {
  await home.enter(page);
  await open(page, 'Backups');
  const stands = page.getByTestId('standing');
  await expect(stands).toContainText('Nothing is backed up yet.');
  await expect(page.getByRole('button', { name: 'Back up now' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Make the recovery key' }).click();
  await expect(page.getByRole('textbox', { name: 'Recovery key' })).toHaveValue(
    `AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
  );
  const sheet = page.getByTestId('key-sheet');
  await expect(sheet).toContainText('Recovery key of Alder Lane 4');
  await expect(sheet.getByRole('code')).toHaveText(/^AGE-SECR ET-KEY-1 QQQQQQQQ/);
  await page.emulateMedia({ media: 'print' });
  await expect(sheet.getByRole('img', { name: 'QR code of the recovery key' })).toBeVisible();
  await expect(page.getByRole('navigation')).toBeHidden();
  await expect(stands).toBeHidden();
  await expect(page.getByRole('button', { name: 'Print' })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('text=AGE-SECRET-KEY')).toHaveCount(0);

  await expect(stands).toContainText('A backup is being made');
  home.world.backups.make();
  await expect(stands).toContainText('Proven just now:');
  const list = page.getByRole('list', { name: 'Backups' });
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await expect(list).toContainText(/48 KB · gatehouse-.*\.age · proven/);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await expect(stands).toContainText('A backup is being made');
  home.world.backups.make(new Date(Date.now() + 60_000));
  await expect(list.getByRole('listitem')).toHaveCount(2);
  const saved = page.waitForEvent('download');
  await list.getByRole('button', { name: 'Download' }).first().click();
  expect((await saved).suggestedFilename()).toMatch(/^gatehouse-.*\.age$/);
});

test('a backup that failed says why, and one that is not proven does not say so', async ({ page, home }) => {
  home.world.backups.recoveryKey = `age1${'q'.repeat(58)}`;
  home.world.backups.make(new Date('2026-11-26T03:00:00Z'));
  home.world.backups.problem = 'the directory /media/stick is not there; is the stick plugged in?';
  await home.enter(page);
  await open(page, 'Backups');
  const stands = page.getByTestId('standing');
  await expect(stands).toContainText('The home is not backed up: the directory /media/stick is not there');
  home.world.backups.problem = null;
  home.world.backups.proven = null;
  home.world.backups.tell();
  await expect(stands).toContainText('was not proved yet');
  home.world.backups.directory = null;
  home.world.backups.tell();
  await expect(stands).toContainText('switched off');
});

test('backups are the owner’s', async ({ page, home }) => {
  await home.enterAs(page, home.world.personCalled('Ben')!);
  await expect(page.getByRole('link', { name: 'Backups' })).toHaveCount(0);
});
