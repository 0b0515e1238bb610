/** What a test does to the home beside its screens. */
import { test as base, expect, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: the global setup did not run`);
  return value;
};

export const link = given('HOME_LINK');
export const origin = new URL(link).origin;
/** The web origin of the provider by which one may sign in. */
export const provider = given('PROVIDER_ORIGIN');

/** Writes a line to the standard input of board `number`: "button 1", "wifi down" … */
export const press = (number: number, line: string): Promise<void> =>
  writeFile(join(given('HOME_DIR'), `board-${number}.in`), `${line}\n`);

/** Stops or continues the processor of a board. */
export async function signalBoard(number: number, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const run = given('HOME_PID');
  const children = (await readFile(`/proc/${run}/task/${run}/children`, 'utf8')).trim().split(' ');
  for (const pid of children) {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (command.includes(`relay-00000${number}`)) {
      process.kill(Number(pid), signal);
      return;
    }
  }
  throw new Error(`board ${number} does not run`);
}

/** A board that knows no home, plugged in at a port, and within reach of a network. */
export class BareBoard {
  readonly port: string;
  readonly #process: ChildProcess;

  constructor(name: string, network: string) {
    this.port = join(given('HOME_DIR'), name);
    const flash = `${this.port}.flash`;
    const program = resolve(import.meta.dirname, '../../../firmware/build/gatehouse-board');
    this.#process = spawn(program, ['--flash', flash, '--serial', this.port, '--network', network], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /** "button 1", "unplug" … */
  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.say('quit');
    await ended;
  }
}

/** Everything a page does that it must not: errors, what its content policy forbids, requests to elsewhere. */
export function watchOver(context: BrowserContext, of = origin): string[] {
  const faults: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`error: ${error.error().message}`));
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== of) faults.push(`request: ${request.url()}`);
  });
  context.on('page', (page) => {
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== new URL(of).host) faults.push(`websocket: ${socket.url()}`);
    });
  });
  return faults;
}

/** The daemon as built. */
export const daemonProgram = given('GATEHOUSE');

/** Ana’s password from the tests of people on. */
export const PASSWORD = 'nine loud kettles';

export const card = (page: Page, name: string): Locator => page.locator(`[data-switch-name="${name}"]`);
export const status = (page: Page, name: string): Locator => card(page, name).getByTestId('switch-status');

/** Signs Ana in, and waits for the switches. */
export async function enter(page: Page, password: string): Promise<void> {
  await page.goto(origin);
  await page.getByLabel('Your name').fill('Ana');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(card(page, 'Hall light')).toBeVisible();
}

export { base as test, expect };
