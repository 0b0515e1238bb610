import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { PAGES } from '../../src/model/pages';
import { card, expect, open, test } from './home';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function expectAccessible(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  // Colours are judged where they come to rest.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
  // One page, no frames: what "legacy" leaves out is a second window to merge their results in.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  // The scheme changes colours and nothing else.
  const { violations } = await (
    colorScheme === 'light' ? axe.withTags(RULES) : axe.withRules(['color-contrast'])
  ).analyze();
  const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
  expect(told).toEqual([]);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wider).toBeLessThanOrEqual(0);
}

for (const [size, viewport] of Object.entries({
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
})) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme, contextOptions: { reducedMotion: 'reduce' } });

      test('before one is in', async ({ page, home }) => {
        home.world.claimed = false;
        await page.goto(`${home.server.url}/claim`);
        await page.getByLabel('Claim code').fill('WRONG');
        await page.getByLabel('Home name').fill('Mill House');
        await page.getByLabel('Your name').fill('Ben');
        await page.getByLabel('Password').fill('long enough');
        await page.getByRole('button', { name: 'Claim this gateway' }).click();
        await expect(page.getByText('wrong or has expired')).toBeVisible();
        await expectAccessible(page, colorScheme);
        home.world.claimed = true;
        await page.goto(home.server.url);
        await page.getByLabel('Your name').fill('Ben');
        await page.getByLabel('Password').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await expect(page.getByText('do not go together')).toBeVisible();
        home.world.mail = true;
        await page.reload();
        await page.getByText('Forgot your password?').click();
        await page.getByLabel('Your e-mail address').fill('ana@nowhere');
        await page.getByRole('button', { name: 'Mail me a link' }).click();
        await expect(page.getByText('looks like')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.goto(`${home.server.url}/confirm#WRONG`);
        await page.getByRole('button', { name: 'Confirm' }).click();
        await expect(page.getByText('not any more')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('a new password with a code, and the sheet that holds one', async ({ page, home }) => {
        await page.goto(`${home.server.url}/reset#WRONG`);
        await page.getByLabel('New password').fill('a quite new lamp');
        await page.getByRole('button', { name: 'Set it and sign in' }).click();
        await expect(page.getByText('was used')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await home.enter(page);
        await open(page, 'My account');
        await page.getByRole('button', { name: 'Make a recovery sheet' }).click();
        await expect(page.getByTestId('recovery-sheet')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('an invitation, and who it invites', async ({ page, home }) => {
        home.world.mail = true;
        await home.enter(page);
        await open(page, 'People');
        await page.getByRole('button', { name: 'New invitation' }).click();
        await page.getByLabel('E-mail address').fill('nobody');
        await page.getByRole('button', { name: 'Share something from the start on' }).click();
        await page.getByLabel('At some hours only').check();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Leave out' }).click();
        await page.getByLabel('E-mail address').fill('');
        await page.getByRole('button', { name: 'Make invitation' }).click();
        const link = await page.getByLabel('Link', { exact: true }).inputValue();
        await expectAccessible(page, colorScheme);
        await page.goto(link);
        await page.getByLabel('Password').fill('nine loud kettles');
        await expect(page.getByLabel('Password')).toHaveAccessibleDescription('Very hard to guess.');
        await expectAccessible(page, colorScheme);
      });

      test('people, what is shared with them, and a guest link', async ({ page, home }) => {
        const ben = home.world.personCalled('Ben')!;
        const target = { kind: 'ROOM', id: [...home.world.rooms.keys()][0]! } as const;
        home.world.shares.add({ memberId: ben.id, target, level: 'VIEW', until: '2099-01-02T18:00:00Z' });
        await home.enter(page);
        await open(page, 'People');
        await page.getByRole('button', { name: 'Share with Ben' }).click();
        await page.getByLabel('At some hours only').check();
        await page.getByRole('button', { name: 'Share', exact: true }).click();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('button', { name: 'Edit Ben' }).click();
        await page.getByRole('button', { name: 'Remove' }).click();
        await expect(page.getByText('signed out everywhere')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('button', { name: 'New guest link' }).click();
        await page.getByLabel('Who is it for?').fill('Plumber');
        await page.getByLabel('What', { exact: true }).selectOption('Room Kitchen');
        await page.getByRole('button', { name: 'Make link' }).click();
        const link = await page.getByLabel('Link', { exact: true }).inputValue();
        await expectAccessible(page, colorScheme);
        await page.goto(link);
        await expect(page.getByText('The link takes that place.')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Open the link' }).click();
        await expect(card(page, 'Counter light')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('the panel with everything that can be on it', async ({ page, home }) => {
        await home.enter(page);
        home.world.named('Stereo').behaviour = 'held';
        for (const name of ['Stereo', 'Hall light', 'Blind up', 'Night light', 'Heater']) {
          await card(page, name).click();
        }
        for (const phase of ['switching', 'confirmed', 'refused', 'timed-out', 'offline']) {
          await expect(page.locator(`[data-phase="${phase}"]`)).not.toHaveCount(0);
        }
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Set several' }).click();
        await page.getByRole('button', { name: 'All on' }).click();
        await page.getByRole('group', { name: 'Heater' }).getByRole('radio', { name: 'Off' }).check();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Cancel' }).click();
        home.server.goAway();
        await expect(page.getByTestId('reconnecting')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('a board of another firmware that is given Wi-Fi, and one that was', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'Devices');
        const foreign = {
          state: 'FOREIGN',
          firmware: 'ESPHome 2026.10.0',
          boardId: null,
          relays: null,
        } as const;
        home.world.boards.plug(foreign);
        const { id } = home.world.boards.plug({ ...foreign, location: '/dev/ttyUSB1' });
        const board = page.locator('[data-location="/dev/ttyUSB1"]');
        await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
        await page.getByLabel('Wi-Fi password').fill('blue curtain');
        await board.getByRole('button', { name: 'Give it Wi-Fi' }).click();
        await expect(board.getByTestId('giving')).toBeVisible();
        await expectAccessible(page, colorScheme);
        const url = 'http://192.168.1.20/';
        home.world.boards.giving(id, { step: 'DONE', percent: 100, message: 'It is in.', done: true, url });
        await expect(page.getByRole('link', { name: url })).toBeVisible();
        await page.getByRole('button', { name: 'Give it Wi-Fi at /dev/ttyUSB0' }).click();
        await expect(page.getByText('becomes no switch of this home')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('integrations, a new one and its login', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'Integrations');
        await page.getByRole('button', { name: 'Revoke Garden watering' }).click();
        await expect(page.getByText('cannot log in again')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByLabel('Nothing').check();
        await expect(page.getByText('go away over there')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'New integration' }).click();
        await page.getByLabel('Name', { exact: true }).fill('Tablet');
        await page.getByLabel('Something else').check();
        await page.getByLabel('Some devices').check();
        await page.getByText('MQTT filters, for experts').click();
        await page.getByRole('button', { name: 'Make integration' }).click();
        await expect(page.getByText('Choose at least one device.')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByLabel('Hall board').check();
        await page.getByRole('button', { name: 'Make integration' }).click();
        await expect(page.getByTestId('created')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('administration, a search and a question', async ({ page, home }) => {
        const ben = home.world.personCalled('Ben')!;
        const target = { kind: 'ROOM', id: [...home.world.rooms.keys()][0]! } as const;
        home.world.shares.add({ memberId: ben.id, target, level: 'VIEW', until: '2099-01-02T18:00:00Z' });
        home.world.shares.add({ memberId: null, name: 'Plumber', target, level: 'OPERATE' });
        home.world.tokens.add('Ana', { name: 'Wall tablet', scopes: ['VIEW', 'OPERATE'] });
        home.world.invitations.add({
          role: 'MEMBER',
          uses: 2,
          grants: [{ target, level: 'OPERATE' }],
          expiresAt: '2099-01-02T18:00:00Z',
        });
        await home.enter(page);
        await open(page, 'Administration');
        await expect(page.getByRole('listitem').filter({ hasText: 'Wall tablet' })).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByLabel('Search in everything').fill('nowhere');
        await expect(page.getByText('Nothing has')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByLabel('Search in everything').fill('plumb');
        await page.getByRole('button', { name: 'End Plumber' }).click();
        await expect(page.getByText('out at once')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('a home that is taken away', async ({ page, home }) => {
        home.world.setAvailability('Heater', 'OFFLINE');
        await home.enter(page);
        await open(page, 'Administration');
        await page.getByRole('button', { name: 'Take this home away…' }).click();
        await page.getByLabel('Name of the home').fill('Alder Lane');
        await page.getByLabel('Your password').fill(home.world.person.password);
        await page.getByRole('button', { name: 'Take it away for good' }).click();
        await expect(page.getByText('called otherwise')).toBeVisible();
        await expectAccessible(page, colorScheme);
        let forgotten = () => {};
        home.world.forgetting = new Promise((resolve) => (forgotten = resolve));
        await page.getByLabel('Name of the home').fill(home.world.homeName);
        await page.getByRole('button', { name: 'Take it away for good' }).click();
        await expect(page.getByText('20 seconds at most')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.route('**/graphql', (route) => route.abort());
        forgotten();
        await expect(page.getByRole('heading', { name: 'Goodbye' })).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.unroute('**/graphql');
        await expect(page.getByRole('heading', { name: 'A new gateway' })).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('backups, their key, and a home that is restored', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'Backups');
        await expect(page.getByText('Nothing is backed up yet.')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Make the recovery key' }).click();
        await expect(page.getByRole('textbox', { name: 'Recovery key' })).toBeVisible();
        home.world.backups.make();
        await expect(page.getByRole('button', { name: 'Download' })).toBeVisible();
        await expectAccessible(page, colorScheme);
        home.world.claimed = false;
        await page.goto(`${home.server.url}/claim#${home.world.claimCode}`);
        await page.getByRole('button', { name: 'Restore a backup instead' }).click();
        await expect(page.getByLabel('Backup')).toBeVisible();
        await expectAccessible(page, colorScheme);
        const buffer = Buffer.from('age-encryption.org/v1\n…');
        await page.getByLabel('Backup').setInputFiles({ name: 'home.age', mimeType: '', buffer });
        await page.getByLabel('Recovery key').fill('age-secret-key-1');
        await page.route('**/graphql', (route) => route.abort());
        await page.getByRole('button', { name: 'Restore this home' }).click();
        await expect(page.getByRole('heading', { name: 'The home is back' })).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('tokens, a new one and its secret', async ({ page, home }) => {
        home.world.tokens.add('Ana', { name: 'Wall tablet', scopes: ['VIEW', 'OPERATE'] });
        await home.enter(page);
        await open(page, 'Tokens');
        await expect(page.getByRole('listitem').filter({ hasText: 'Wall tablet' })).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'New token' }).click();
        await page.getByLabel('Name', { exact: true }).fill('Wall tablet');
        await page.getByRole('button', { name: 'Make token' }).click();
        await expect(page.getByText('There already is')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByLabel('Name', { exact: true }).fill('Hall tablet');
        await page.getByRole('button', { name: 'Make token' }).click();
        await expect(page.getByTestId('token-made')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('notices', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'Notices');
        await expect(page.getByText('Many wrong MQTT logins')).toBeVisible();
        const { width } = page.viewportSize()!;
        for (const link of await page.getByRole('navigation').getByRole('link').all()) {
          if (!(await link.isVisible())) continue;
          const text = await link.evaluate((one) => one.scrollWidth - one.clientWidth);
          const box = (await link.boundingBox())!;
          expect(text, 'a word of the navigation runs over').toBeLessThanOrEqual(0);
          expect(box.x + box.width, 'the navigation ends on the screen').toBeLessThanOrEqual(width);
        }
        await expectAccessible(page, colorScheme);
      });

      test('the pages that only tell', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'About this home');
        await expect(page.getByText('10 switches · 5 boards · 4 rooms')).toBeVisible();
        await page.getByLabel('How to reach you').fill('+43 1 234');
        await page.getByRole('button', { name: 'Save' }).click();
        await expect(page.getByTestId('contact')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await open(page, 'Record');
        await expect(page.getByText('now called Floor lamp')).toBeVisible();
        await expectAccessible(page, colorScheme);
        await open(page, 'My account');
        await expect(page.getByText('Owner: decides everything')).toBeVisible();
        await page.getByLabel('Current password').fill('a warm lamp');
        await page.getByLabel('New password').fill('a lamp of Ana');
        await expect(page.getByLabel('New password')).toHaveAccessibleDescription(/easily guessed/);
        await expectAccessible(page, colorScheme);
        await page.goto(`${home.server.url}/more`);
        await expect(page.getByRole('main').getByRole('link', { name: 'Integrations' })).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('an e-mail address that is confirmed, and one that waits', async ({ page, home }) => {
        home.world.mail = true;
        const emailWaiting = `${'long'.repeat(12)}@example.org`;
        Object.assign(home.world.person, { email: 'ana@example.org', emailWaiting });
        await home.enter(page);
        await open(page, 'My account');
        await page.getByLabel('Another e-mail address').fill('ana@example.net');
        await page.getByLabel('Your password').fill('not it');
        await page.getByRole('button', { name: 'Mail a link' }).click();
        await expect(page.getByText('This is not your password.')).toBeVisible();
        await expectAccessible(page, colorScheme);
      });

      test('rooms, devices and a dialog', async ({ page, home }) => {
        await home.enter(page);
        await open(page, 'Devices');
        await expect(page.getByRole('heading', { name: 'Kitchen board' })).toBeVisible();
        await expectAccessible(page, colorScheme);
        await page.getByRole('link', { name: 'Kitchen board' }).click();
        home.world.quarantine('Counter light', { chip: 'ffffff', mac: '5c:cf:7f:ff:ff:ff' });
        await page.getByRole('button', { name: 'Accept this board' }).click();
        await expectAccessible(page, colorScheme);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await expectAccessible(page, colorScheme);
        await open(page, 'Rooms');
        await page.getByRole('button', { name: 'Edit room Hall' }).click();
        await page.getByRole('button', { name: 'Delete room' }).click();
        await expectAccessible(page, colorScheme);
      });
    });
  }
}

test('holds to the content security policy and asks no other host', async ({ page, home }) => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(home.server.url)) complaints.push(request.url());
  });
  await home.enter(page);
  await card(page, 'Hall light').click();
  for (const { name } of PAGES) await open(page, name);
  await open(page, 'Switches');
  await page.getByRole('button', { name: 'Set several' }).click();
  expect(complaints).toEqual([]);
  const html = await (await page.request.get(home.server.url)).text();
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)/);
});
