/** The home of `make run`, in a directory of its own, with a provider by which one may sign in. Its tests find it by HOME_LINK, HOME_DIR, HOME_PID and PROVIDER_ORIGIN, and the daemon by GATEHOUSE. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startProvider } from './provider';

const ROOT = resolve(import.meta.dirname, '../../..');
const TARGET = resolve(ROOT, process.env['CARGO_TARGET_DIR'] ?? 'target');

export default async function start(): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-browser-'));
  const provider = await startProvider(ROOT, dir);
  const daemon = process.env['GATEHOUSE'] ?? join(TARGET, 'debug/gatehouse');
  const run = spawn(join(ROOT, 'tests/support/run'), {
    env: {
      ...process.env,
      ...provider.environment,
      RUN_DIR: dir,
      GATEHOUSE: daemon,
      BOARD: join(ROOT, 'firmware/build/gatehouse-board'),
      // Machines that run tests are seldom told the time, and what has an end holds only by a clock that is trusted.
      GATEHOUSE_CLOCK_TRUSTED: 'true',
      // Where tests plug boards in.
      GATEHOUSE_SERIAL_PORTS: join(dir, 'tty*'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(run, 'exit');
  // A program that is not there ends it before the link; whoever reads on would wait for ever.
  let link = '';
  for await (const line of createInterface(run.stdout)) {
    if (line.startsWith('Open ')) {
      link = line.slice('Open '.length);
      break;
    }
  }
  if (!link) throw new Error('The gateway did not start: cargo build -p gatehouse && make boards');
  Object.assign(process.env, {
    HOME_LINK: link,
    HOME_DIR: dir,
    HOME_PID: String(run.pid),
    GATEHOUSE: daemon,
  });
  process.env['PROVIDER_ORIGIN'] = provider.issuer;
  return async () => {
    run.kill('SIGTERM');
    await ended;
    await provider.stop();
    await rm(dir, { recursive: true });
  };
}
