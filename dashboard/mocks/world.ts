/**
 * A home that behaves as boards do, without boards: what the fake server serves. Only tests and design work
 * meet it. The names of states and outcomes are those of gateway/schema.graphql.
 */
import type { Actor, Command } from '../src/api/switches';
import type { Device } from '../src/api/devices';
import type { CreateIntegrationInput, Integration } from '../src/api/integrations';
import type { Notice } from '../src/api/notices';
import type { Room } from '../src/api/rooms';

/** How a switch's board takes a command. `held`: it waits until `World.release`. */
export type Behaviour = 'prompt' | 'slow' | 'refusing' | 'mute' | 'held';

export interface MockSwitch {
  id: string;
  name: string;
  deviceId: string;
  roomId: string | null;
  on: boolean | null;
  reportedAt: string | null;
  openCommand: MockCommand | null;
  lastChange: { on: boolean; at: string | null; actor: Actor | null; command: MockCommand | null } | null;
  behaviour: Behaviour;
}

export interface MockCommand extends Omit<Command, 'switch'> {
  switchId: string;
  requestedAt: string;
  settledAt: string | null;
}

export type MockDevice = Omit<Device, 'room' | 'switches'> & { roomId: string | null };

export type Event =
  | { kind: 'switch'; id: string }
  | { kind: 'switch-removed'; id: string }
  | { kind: 'device'; id: string }
  | { kind: 'notice'; id: string }
  | { kind: 'notice-removed'; id: string };

type Ending = Pick<Command, 'outcome'> & Partial<Pick<Command, 'reason' | 'reasonCode' | 'latencyMs'>>;

const PROMPT_MS = 41;
const SLOW_MS = 2_600;

const BUTTON: Actor = { kind: 'BUTTON', name: 'button 1' };

export class World {
  claimed = true;
  claimCode = 'K7QF-2M9P';
  homeName = 'Alder Lane 4';
  person = { id: 'm1', name: 'Ana', password: 'a warm lamp' };
  /** Attempts with a wrong password or code before RATE_LIMITED. */
  attemptsLeft = 5;
  /** Upper bound on how long a mute board is waited for, milliseconds. */
  timeoutMs = 5_000;
  /** Whether boards are given a new password and do not come back with it. */
  rotationHangs = false;
  readonly rooms = new Map<string, Room>();
  readonly devices = new Map<string, MockDevice>();
  readonly switches = new Map<string, MockSwitch>();
  readonly commands = new Map<string, MockCommand>();
  readonly integrations = new Map<string, Integration>();
  readonly notices = new Map<string, Notice>();
  readonly sessions = new Set<string>();
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #waiting = new Map<string, (command: MockCommand) => void>();
  #ids = 0;

  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  id(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids}`;
  }

  addRoom(name: string): Room {
    const room = { id: this.id('r'), name };
    this.rooms.set(room.id, room);
    return room;
  }

  addDevice(name: string, room: Room | null, facts: Partial<MockDevice> = {}): MockDevice {
    const id = this.id('d');
    const device: MockDevice = {
      id,
      name,
      roomId: room?.id ?? null,
      availability: 'ONLINE',
      lastSeen: new Date().toISOString(),
      model: 'NodeMCU v2',
      firmware: '0.1.0',
      mac: `5C:CF:7F:00:00:${String(this.devices.size + 10)}`,
      rotatingCredential: false,
      address: `192.168.1.${this.devices.size + 40}`,
      ...facts,
    };
    this.devices.set(id, device);
    return device;
  }

  addSwitch(name: string, device: MockDevice, facts: Partial<MockSwitch> = {}): MockSwitch {
    const it: MockSwitch = {
      id: this.id('s'),
      name,
      deviceId: device.id,
      roomId: null,
      on: false,
      reportedAt: new Date().toISOString(),
      openCommand: null,
      lastChange: null,
      behaviour: 'prompt',
      ...facts,
    };
    this.switches.set(it.id, it);
    this.#tell({ kind: 'switch', id: it.id });
    return it;
  }

  addIntegration({
    name,
    preset,
    allDevices,
    devices,
    operate,
    publish,
    subscribe,
  }: CreateIntegrationInput): Integration {
    const boards = allDevices || preset ? ['+'] : (devices ?? []).map((id) => `relay-${id}`);
    const own = preset ? ['homeassistant/status'] : [];
    const integration = {
      id: this.id('i'),
      name,
      user: `integration_${this.id('00000000000000')}`,
      publish: [
        ...own,
        ...(operate || preset ? boards.map((board) => `homie/5/${board}/+/+/set`) : []),
        ...(publish ?? []),
      ],
      subscribe: [...own, ...boards.map((board) => `homie/5/${board}/#`), ...(subscribe ?? [])],
      createdAt: new Date().toISOString(),
    };
    this.integrations.set(integration.id, integration);
    return integration;
  }

  /** Something went wrong; the same once more counts up. */
  notice(code: string, facts: Pick<Notice, 'severity' | 'subject' | 'message' | 'advice'>, times = 1): void {
    const at = new Date().toISOString();
    const known = [...this.notices.values()].find(
      (one) => one.code === code && one.subject === facts.subject,
    );
    const notice = known
      ? { ...known, at, times: known.times + times }
      : { ...facts, id: this.id('n'), code, times, firstAt: at, at };
    this.notices.set(notice.id, notice);
    this.#tell({ kind: 'notice', id: notice.id });
  }

  dismiss(id: string): void {
    this.notices.delete(id);
    this.#tell({ kind: 'notice-removed', id });
  }

  deleteRoom(id: string): void {
    this.rooms.delete(id);
    for (const it of this.devices.values()) if (it.roomId === id) it.roomId = null;
    for (const it of this.switches.values()) {
      if (it.roomId === id) it.roomId = null;
      this.changed(it);
    }
  }

  removeSwitch(name: string): void {
    const { id } = this.named(name);
    this.switches.delete(id);
    this.#tell({ kind: 'switch-removed', id });
  }

  named(name: string): MockSwitch {
    const found = [...this.switches.values()].find((one) => one.name === name);
    if (!found) throw new Error(`no switch is called ${name}`);
    return found;
  }

  /** Someone presses the wall button. */
  press(name: string): void {
    const it = this.named(name);
    this.report(name, !it.on, BUTTON);
  }

  /** The board reports a state; nobody asks why it is late. */
  report(name: string, on: boolean, actor: Actor | null = null, command: MockCommand | null = null): void {
    const it = this.named(name);
    const at = new Date().toISOString();
    if (it.on !== on) it.lastChange = { on, at, actor: command?.actor ?? actor, command };
    it.on = on;
    it.reportedAt = at;
    this.changed(it);
  }

  /** A mute board speaks at last: the report is credited to the command that timed out. */
  reportLate(name: string): void {
    const it = this.named(name);
    const command = [...this.commands.values()].findLast((one) => one.switchId === it.id);
    if (command) this.report(name, command.on, null, command);
  }

  setAvailability(name: string, availability: Device['availability']): void {
    const device = this.devices.get(this.named(name).deviceId);
    if (!device) return;
    device.availability = availability;
    device.lastSeen = new Date().toISOString();
    this.#tell({ kind: 'device', id: device.id });
    for (const it of this.switches.values()) if (it.deviceId === device.id) this.changed(it);
  }

  changed(it: MockSwitch): void {
    this.#tell({ kind: 'switch', id: it.id });
  }

  deviceChanged(device: MockDevice): void {
    this.#tell({ kind: 'device', id: device.id });
    for (const it of this.switches.values()) if (it.deviceId === device.id) this.changed(it);
  }

  /** A person asks for a state; answers when the command has settled. */
  command(it: MockSwitch, on: boolean, timeoutMs: number, actor: Actor): Promise<MockCommand> {
    const command: MockCommand = {
      id: this.id('c'),
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
    this.commands.set(command.id, command);
    return new Promise((resolve) => {
      this.#waiting.set(command.id, resolve);
      if (this.devices.get(it.deviceId)?.availability === 'OFFLINE') {
        const reason = 'the board is offline since it lost power or Wi-Fi';
        this.#settle(command, { outcome: 'OFFLINE', reasonCode: 'OFFLINE', reason });
        return;
      }
      if (it.openCommand) this.#settle(it.openCommand, { outcome: 'SUPERSEDED', reasonCode: 'SUPERSEDED' });
      it.openCommand = command;
      this.changed(it);
      this.#behave(it, command, timeoutMs);
    });
  }

  /** A held board obeys what it was last asked. */
  release(name: string, latencyMs = PROMPT_MS): void {
    const { openCommand } = this.named(name);
    if (openCommand) this.#obey(openCommand, latencyMs);
  }

  /** Something on the board took the place of what was asked, and reported nothing new. */
  supersede(name: string): void {
    const { openCommand } = this.named(name);
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
        after(Math.min(timeoutMs, this.timeoutMs), () =>
          this.#settle(command, { outcome: 'TIMED_OUT', reasonCode: 'NO_REPORT' }),
        );
        break;
      case 'held':
        break;
    }
  }

  #obey(command: MockCommand, latencyMs: number): void {
    if (command.outcome !== 'OPEN') return;
    const it = this.switches.get(command.switchId);
    if (!it) return;
    command.outcome = 'CONFIRMED';
    command.latencyMs = latencyMs;
    it.openCommand = null;
    this.report(it.name, command.on, null, command);
    this.#settle(command, { outcome: 'CONFIRMED', latencyMs });
  }

  #settle(command: MockCommand, ending: Ending): void {
    const waiting = this.#waiting.get(command.id);
    if (!waiting) return;
    this.#waiting.delete(command.id);
    Object.assign(command, ending, { settledAt: new Date().toISOString() });
    const it = this.switches.get(command.switchId);
    if (it?.openCommand === command) {
      it.openCommand = null;
      this.changed(it);
    }
    waiting(command);
  }

  #tell(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }
}

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

/** A home with one of everything worth looking at. */
export function sampleWorld(): World {
  const world = new World();
  const [kitchen, living, hall, workshop] = ['Kitchen', 'Living room', 'Hall', 'Workshop'].map((name) =>
    world.addRoom(name),
  ) as [Room, Room, Room, Room];
  const kitchenBoard = world.addDevice('Kitchen board', kitchen);
  const livingBoard = world.addDevice('Living room board', living, { model: 'NodeMCU v3' });
  const hallBoard = world.addDevice('Hall board', hall);
  const shedBoard = world.addDevice('Shed board', workshop, {
    availability: 'OFFLINE',
    lastSeen: minutesAgo(190),
  });
  const spare = world.addDevice('Spare board', null, { firmware: null, address: null });
  const ana: Actor = { kind: 'MEMBER', name: 'Ana' };

  world.addSwitch('Counter light', kitchenBoard, {
    on: true,
    lastChange: { on: true, at: minutesAgo(12), actor: ana, command: null },
  });
  world.addSwitch('Extractor fan', kitchenBoard, {
    lastChange: { on: false, at: minutesAgo(65), actor: BUTTON, command: null },
  });
  world.addSwitch('Floor lamp', livingBoard, {
    on: true,
    lastChange: { on: true, at: minutesAgo(3), actor: BUTTON, command: null },
  });
  world.addSwitch('Blind up', livingBoard, { behaviour: 'refusing' });
  world.addSwitch('Stereo', livingBoard, {
    behaviour: 'slow',
    lastChange: { on: false, at: minutesAgo(60 * 30), actor: ana, command: null },
  });
  world.addSwitch('Hall light', hallBoard, {
    lastChange: { on: false, at: minutesAgo(44), actor: { kind: 'BOOT', name: 'boot' }, command: null },
  });
  world.addSwitch('Night light', hallBoard, { behaviour: 'mute' });
  world.addSwitch('Bench lamp', shedBoard, { on: true, reportedAt: minutesAgo(190) });
  world.addSwitch('Heater', shedBoard, { reportedAt: minutesAgo(190) });
  world.addSwitch('Relay 1', spare, { on: null, reportedAt: null });
  world.addIntegration({ name: 'Home Assistant', preset: 'HOME_ASSISTANT' });
  world.addIntegration({
    name: 'Garden watering',
    devices: [shedBoard.id],
    operate: true,
    subscribe: ['garden/#'],
  });
  world.notice(
    'MQTT_LOGIN_STORM',
    {
      severity: 'CRITICAL',
      subject: 'Shed board',
      message: 'Many wrong MQTT logins: Shed board, last from 192.168.1.77. Further ones are slowed down.',
      advice:
        'If a device of yours is there, give it the right password. If not, find out who uses that address.',
    },
    3_412,
  );
  world.notice('PLAIN_MQTT', {
    severity: 'WARNING',
    subject: '0.0.0.0:1883',
    message: 'MQTT without encryption is open to the network at 0.0.0.0:1883.',
    advice:
      'Passwords and messages can be read by whoever is in that network. Only stock boards without TLS need it; else set mqtt.listen back to 127.0.0.1.',
  });
  return world;
}

/** Lets the wall button of a switch be pressed now and then, until the answer is called. */
export function liven(world: World, name: string, everyMs: number): () => void {
  const timer = setInterval(() => world.press(name), everyMs);
  return () => clearInterval(timer);
}
