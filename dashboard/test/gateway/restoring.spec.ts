/** A home that goes on on another gateway, as a person brings it there with a browser: the daemon itself, twice. Runs after the other tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD, card, daemonProgram, enter, expect, test, watchOver } from './home';

/** A new gateway, at an address that it keeps when it starts anew. */
async function newGateway() {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-restored-'));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  const [config, ready] = [join(dir, 'config.toml'), join(dir, 'ready.json')];
  const anyPort = '"127.0.0.1:0"';
  await writeFile(
    config,
    `data_dir = "${dir}/data"\n[http]\nlisten = "127.0.0.1:${port}"\nplain = true\n` +
      `[mqtt]\nlisten = ${anyPort}\ntls_listen = ${anyPort}\n`,
  );
  const daemon = spawn(daemonProgram, ['run', '--config', config, '--ready-file', ready], {
    stdio: 'ignore',
  });
  const ended = once(daemon, 'exit').then(() => {
    throw new Error('The new gateway ended');
  });
  ended.catch(() => {});
  const isReady = async () => {
    await expect
      .poll(() =>
        access(ready).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    return JSON.parse(await readFile(ready, 'utf8')) as { claimCode: string };
  };
  const { claimCode } = await Promise.race([isReady(), ended]);
  return {
    link: `http://127.0.0.1:${port}/claim#${claimCode}`,
    async stop() {
      daemon.kill('SIGTERM');
      await ended.catch(() => {});
      await rm(dir, { recursive: true });
    },
  };
}

test('a home is backed up, downloaded, and restored on a new gateway in its first run', async ({
  browser,
}, info) => {
  const context = await browser.newContext();
  const faults = watchOver(context);
  const page = await context.newPage();
  await enter(page, PASSWORD);
  await page.getByRole('link', { name: 'Backups' }).click();
  await page.getByRole('button', { name: 'Make the recovery key' }).click();
  const key = await page.getByRole('textbox', { name: 'Recovery key' }).inputValue();
  const stands = page.getByTestId('standing');
  await expect(stands).toContainText('Proven just now:');
  const saved = page.waitForEvent('download');
  await page.getByRole('list', { name: 'Backups' }).getByRole('button', { name: 'Download' }).click();
  const file = info.outputPath('home.age');
  await (await saved).saveAs(file);
  expect(faults).toEqual([]);
  await context.close();

  const another = await newGateway();
  const elsewhere = await browser.newContext();
  const fresh = await elsewhere.newPage();
  await fresh.goto(another.link);
  await fresh.getByRole('button', { name: 'Restore a backup instead' }).click();
  await fresh.getByLabel('Backup').setInputFiles(file);
  await fresh.getByLabel('Recovery key').fill(key.toLowerCase());
  await fresh.getByRole('button', { name: 'Restore this home' }).click();
  await expect(fresh.getByText('The home is restored. Sign in as before.')).toBeVisible();
  await fresh.getByLabel('Your name').fill('Ana');
  await fresh.getByLabel('Password').fill(PASSWORD);
  await fresh.getByRole('button', { name: 'Sign in' }).click();
  // Its boards look for it at its address, which here another gateway has.
  await expect(card(fresh, 'Hall light')).toHaveAttribute('data-phase', 'offline');
  await elsewhere.close();
  await another.stop();
});
