/** Commands of the fake gateway, and how its boards take them. */
import type { Actor, Command } from '../src/api/switches';
import { inside, known, type Asker, type Input } from './asking';
import { Views } from './views';
import type { MockSwitch, World } from './world';

export interface MockCommand extends Omit<Command, 'switch'> {
  switchId: string;
  requestedAt: string;
  settledAt: string | null;
}

type Ending = Pick<Command, 'outcome'> & Partial<Pick<Command, 'reason' | 'reasonCode' | 'latencyMs'>>;

const PROMPT_MS = 41;
const SLOW_MS = 2_600;

export class Commands extends Map<string, MockCommand> {
  readonly #waiting = new Map<string, (command: MockCommand) => void>();

  constructor(private readonly world: World) {
    super();
  }

  /** A person asks for a state; answers when the command has settled. */
  ask(it: MockSwitch, on: boolean, timeoutMs: number, actor: Actor): Promise<MockCommand> {
    const command: MockCommand = {
      id: this.world.id('c'),
      switchId: it.id,
      on,
      actor,
      outcome: 'OPEN',
      reason: null,
      reasonCode: null,
      latencyMs: null,
      requestedAt: new Date().toISOString(),
      settledAt: null,
    };
    this.set(command.id, command);
    this.world.record.add({ actor, what: 'COMMAND', subject: it.name, switchId: it.id, command });
    return new Promise((resolve) => {
      this.#waiting.set(command.id, resolve);
      const availability = this.world.devices.get(it.deviceId)?.availability;
      if (availability === 'QUARANTINED') {
        const reason = 'The board is quarantined until the owner decides.';
        this.#settle(command, { outcome: 'REFUSED', reasonCode: 'QUARANTINED', reason });
        return;
      }
      if (availability === 'OFFLINE') {
        const reason = 'the board is offline since it lost power or Wi-Fi';
        this.#settle(command, { outcome: 'OFFLINE', reasonCode: 'OFFLINE', reason });
        return;
      }
      if (it.openCommand) this.#settle(it.openCommand, { outcome: 'SUPERSEDED', reasonCode: 'SUPERSEDED' });
      it.openCommand = command;
      this.world.changed(it);
      this.#behave(it, command, timeoutMs);
    });
  }

  /** A held board obeys what it was last asked. */
  release(name: string, latencyMs = PROMPT_MS): void {
    const { openCommand } = this.world.named(name);
    if (openCommand) this.#obey(openCommand, latencyMs);
  }

  /** Something on the board took the place of what was asked, and reported nothing new. */
  supersede(name: string): void {
    const { openCommand } = this.world.named(name);
    if (openCommand) this.#settle(openCommand, { outcome: 'SUPERSEDED', reasonCode: 'SUPERSEDED' });
  }

  #behave(it: MockSwitch, command: MockCommand, timeoutMs: number): void {
    const after = (ms: number, act: () => void) => setTimeout(act, ms);
    switch (it.behaviour) {
      case 'prompt':
        after(PROMPT_MS, () => this.#obey(command, PROMPT_MS));
        break;
      case 'slow':
        after(SLOW_MS, () => this.#obey(command, SLOW_MS));
        break;
      case 'refusing':
        after(PROMPT_MS, () =>
          this.#settle(command, {
            outcome: 'REFUSED',
            reasonCode: 'INTERLOCKED',
            reason: 'interlocked with Blind down',
          }),
        );
        break;
      case 'mute':
        after(Math.min(timeoutMs, this.world.timeoutMs), () =>
          this.#settle(command, { outcome: 'TIMED_OUT', reasonCode: 'NO_REPORT' }),
        );
        break;
      case 'held':
        break;
    }
  }

  #obey(command: MockCommand, latencyMs: number): void {
    if (command.outcome !== 'OPEN') return;
    const it = this.world.switches.get(command.switchId);
    if (!it) return;
    command.outcome = 'CONFIRMED';
    command.latencyMs = latencyMs;
    it.openCommand = null;
    it.lastCommand = command;
    this.world.report(it.name, command.on, null, command);
    this.#settle(command, { outcome: 'CONFIRMED', latencyMs });
  }

  #settle(command: MockCommand, ending: Ending): void {
    const waiting = this.#waiting.get(command.id);
    if (!waiting) return;
    this.#waiting.delete(command.id);
    Object.assign(command, ending, { settledAt: new Date().toISOString() });
    const it = this.world.switches.get(command.switchId);
    if (it) {
      it.lastCommand = command;
      if (it.openCommand === command) it.openCommand = null;
      this.world.changed(it);
    }
    waiting(command);
  }
}

type Wanted = { switchId: string; on: boolean; timeoutMs: number };

export function commandMutations(world: World) {
  const views = new Views(world);
  const set = async ({ switchId, on, timeoutMs }: Wanted, { session }: Asker) => {
    const actor = { kind: 'MEMBER', name: world.whoIs(session).name } as const;
    return views.command(await world.commands.ask(known(world.switches, switchId), on, timeoutMs, actor));
  };
  return {
    setSwitch: inside(world, ({ input }: Input<Wanted>, asker: Asker) => set(input, asker)),
    setSwitches: inside(world, ({ inputs }: { inputs: Wanted[] }, asker: Asker) =>
      Promise.all(
        inputs.map(async (input) =>
          world.switches.has(input.switchId)
            ? { switchId: input.switchId, command: await set(input, asker), code: null }
            : { switchId: input.switchId, command: null, code: 'NOT_FOUND' },
        ),
      ),
    ),
  };
}
