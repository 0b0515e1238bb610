/** A home that goes on on another gateway, as a person brings it there with a browser: the daemon itself, twice. Runs after the other tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD, card, daemonProgram, enter, expect, test, watchOver } from './home';

/** A new gateway, at an address that it keeps when it starts anew, for as long as `use` takes. What it says goes to `log`. */
async function withNewGateway(log: string, use: (link: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-restored-'));
  const listen = JSON.stringify(`127.0.0.1:${await freePort()}`);
  const [config, ready] = [join(dir, 'config.toml'), join(dir, 'ready.json')];
  const anyPort = '"127.0.0.1:0"';
  await writeFile(
    config,
    `data_dir = "${dir}/data"\n[http]\nlisten = ${listen}\nplain = true\n` +
      `[mqtt]\nlisten = ${anyPort}\ntls_listen = ${anyPort}\n`,
  );
  const said = await open(log, 'w');
  const daemon = spawn(daemonProgram, ['run', '--config', config, '--ready-file', ready], {
    stdio: ['ignore', 'ignore', said.fd],
  });
  const ended = once(daemon, 'exit');
  try {
    const isReady = async () => daemon.exitCode ?? (await readFile(ready).catch(() => null)) !== null;
    await expect.poll(isReady).toBe(true);
    const { http, claimCode } = JSON.parse(await readFile(ready, 'utf8')) as {
      http: string;
      claimCode: string;
    };
    await use(`http://${http}/claim#${claimCode}`);
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await said.close();
    await rm(dir, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  return port;
}

test('a home is backed up, downloaded, and restored on a new gateway in its first run', async ({
  browser,
}, info) => {
  const file = info.outputPath('home.age');
  const context = await browser.newContext();
  const faults = watchOver(context);
  const page = await context.newPage();
  await enter(page, PASSWORD);
  await page.getByRole('link', { name: 'Backups' }).click();
  await page.getByRole('button', { name: 'Make the recovery key' }).click();
  const key = await page.getByRole('textbox', { name: 'Recovery key' }).inputValue();
  await expect(page.getByTestId('standing')).toContainText('Proven just now:');
  const saved = page.waitForEvent('download');
  await page.getByRole('list', { name: 'Backups' }).getByRole('button', { name: 'Download' }).click();
  await (await saved).saveAs(file);
  expect(faults).toEqual([]);
  await context.close();

  await withNewGateway(info.outputPath('new-gateway.log'), async (link) => {
    const elsewhere = await browser.newContext();
    const faultsThere = watchOver(elsewhere, new URL(link).origin);
    const fresh = await elsewhere.newPage();
    await fresh.goto(link);
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
    // That it cannot be reached while it starts anew, browsers say on their console, by how far a request came.
    const away = /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/;
    expect(faultsThere.filter((fault) => !away.test(fault))).toEqual([]);
    await elsewhere.close();
  });
});
