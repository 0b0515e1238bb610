/**
 * A home that behaves as boards do, without boards: what the fake server serves. Only tests and design work
 * meet it. The names of states and outcomes are those of gateway/schema.graphql.
 */
import type { Actor } from '../src/api/switches';
import type { RelaySettings } from '../src/api/board-settings';
import type { Device } from '../src/api/devices';
import type { Room } from '../src/api/rooms';
import type { Identity } from '../src/api/account';
import type { Provider } from '../src/model/provider';
import { Sessions } from './account';
import { plainSettings } from './board-settings';
import { Boards } from './boards';
import { Commands, type MockCommand } from './commands';
import { Integrations } from './integrations';
import { Invitations } from './invitations';
import { Notices } from './notices';
import { Shares } from './people';
import { RecordBook } from './record';
import { Backups } from './backups';
import { Tokens } from './tokens';
import { Wifi } from './wifi';

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
  /** The command that settled last. */
  lastCommand: MockCommand | null;
  behaviour: Behaviour;
  settings: RelaySettings;
}

export interface MockMember {
  id: string;
  name: string;
  role: 'OWNER' | 'MEMBER' | 'GUEST';
  /** Empty for who has none. */
  password: string;
  identities: Identity[];
  email: string | null;
  emailWaiting: string | null;
}

export type MockDevice = Omit<Device, 'room' | 'switches'> & { roomId: string | null };

export type Event =
  | { kind: 'switch'; id: string }
  | { kind: 'switch-removed'; id: string }
  | { kind: 'device'; id: string }
  | { kind: 'device-removed'; id: string }
  | { kind: 'notice'; id: string }
  | { kind: 'notice-removed'; id: string }
  | { kind: 'session-ended'; id: string }
  | { kind: 'boards' }
  | { kind: 'wifi' }
  | { kind: 'backups' }
  | { kind: 'access' };

export const BUTTON: Actor = { kind: 'BUTTON', name: 'button 1' };

export class World {
  claimed = true;
  claimCode = 'K7QF-2M9P';
  /** A one-time code that is good for another password. */
  resetCode: string | null = null;
  homeName = 'Alder Lane 4';
  timeZone = 'Europe/Berlin';
  contact: string | null = null;
  /** The first owner. */
  readonly person: MockMember = {
    id: 'm1',
    name: 'Ana',
    role: 'OWNER',
    password: 'a warm lamp',
    identities: [],
    email: null,
    emailWaiting: null,
  };
  /** Codes that were mailed, by the address they went to: to confirm it, or for another password. */
  readonly mailed = new Map<string, string>();

  readonly members = new Map<string, MockMember>([[this.person.id, this.person]]);
  readonly invitations = new Invitations(this);
  /** Whether the gateway sends mail. */
  mail = false;
  /** By whose word people sign in, too. */
  provider: Provider | null = null;
  /** Attempts with a wrong password or code before RATE_LIMITED. */
  attemptsLeft = 5;
  /** How long boards take to forget the home. */
  forgetting: Promise<void> = Promise.resolve();
  /** Upper bound on how long a mute board is waited for, milliseconds. */
  timeoutMs = 5_000;
  /** Whether boards are given a new password and do not come back with it. */
  rotationHangs = false;
  readonly rooms = new Map<string, Room>();
  readonly devices = new Map<string, MockDevice>();
  readonly switches = new Map<string, MockSwitch>();
  readonly commands = new Commands(this);
  readonly integrations = new Integrations(this);
  readonly tokens = new Tokens(this);
  readonly backups = new Backups(this);
  readonly boards = new Boards(this);
  readonly wifi = new Wifi(this);
  readonly notices = new Notices(this);
  readonly shares = new Shares(this);
  readonly record = new RecordBook();
  readonly sessions = new Sessions(this);
  readonly #listeners = new Set<(event: Event) => void>();
  #ids = 0;

  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  id(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids}`;
  }

  addMember(name: string, role: MockMember['role'], password: string): MockMember {
    const more = { identities: [], email: null, emailWaiting: null };
    const member = { id: this.id('m'), name, role, password, ...more };
    this.members.set(member.id, member);
    return member;
  }

  personCalled(name: string): MockMember | undefined {
    return [...this.members.values()].find((one) => one.name === name);
  }

  /** Who is signed in by this session; the first owner when nobody is. */
  whoIs(session: string | null): MockMember {
    return this.members.get(this.sessions.get(session ?? '')?.who ?? '') ?? this.person;
  }

  /** The id of the person or of the guest link behind a session. */
  idOf(session: string | null): string {
    return this.sessions.get(session ?? '')?.who ?? '';
  }

  addRoom(name: string): Room {
    const room = { id: this.id('r'), name };
    this.rooms.set(room.id, room);
    return room;
  }

  /** Boards that were asked to blink, and to start over, by the names of their devices. */
  readonly identified: string[] = [];
  readonly restarted: string[] = [];

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
      chip: `0000${String(this.devices.size + 10)}`,
      health: {
        rssiDbm: -58,
        freeHeapBytes: 21_504,
        uptimeMs: 9 * 86_400_000,
        restartReason: 'power-on',
        reconnects: 0,
        restarts: 0,
      },
      quarantine: null,
      neighbourMac: null,
      behindRepeater: false,
      rotatingCredential: false,
      configurable: true,
      header: false,
      address: `192.168.1.${this.devices.size + 40}`,
      ...facts,
    };
    this.devices.set(id, device);
    return device;
  }

  /** The pins of the machine that the gateway runs on. */
  addHeader(): MockDevice {
    const none = { rssiDbm: null, freeHeapBytes: null, uptimeMs: 60_000, restartReason: null };
    return this.addDevice(this.homeName, null, {
      header: true,
      model: 'Raspberry Pi 4 B',
      firmware: null,
      mac: null,
      chip: null,
      address: null,
      health: { ...none, reconnects: 0, restarts: 0 },
    });
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
      lastCommand: null,
      behaviour: 'prompt',
      settings: plainSettings(),
      ...facts,
    };
    this.switches.set(it.id, it);
    this.tell({ kind: 'switch', id: it.id });
    return it;
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
    this.tell({ kind: 'switch-removed', id });
  }

  deleteDevice(id: string): void {
    const gone = [...this.switches.values()].filter((one) => one.deviceId === id);
    for (const { name } of gone) this.removeSwitch(name);
    const targets = new Set([id, ...gone.map((one) => one.id)]);
    for (const share of [...this.shares.values()])
      if (targets.has(share.target.id ?? '')) this.shares.end(share.id);
    this.devices.delete(id);
    this.tell({ kind: 'device-removed', id });
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
    if (it.on !== on && actor) {
      const change = { on, at, actor };
      this.record.add({ actor, what: 'SWITCH_MOVED', subject: name, switchId: it.id, change });
    }
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
    this.tell({ kind: 'device', id: device.id });
    for (const it of this.switches.values()) if (it.deviceId === device.id) this.changed(it);
  }

  /** Another board comes in place of a switch's own; null: the right one is back. */
  quarantine(name: string, came: { chip: string | null; mac: string | null } | null): void {
    const device = this.devices.get(this.named(name).deviceId);
    if (!device) return;
    device.quarantine = came && {
      reason: came.chip && came.mac ? 'OTHER_HARDWARE' : 'WITHHELD',
      since: new Date().toISOString(),
      expectedChip: device.chip ?? '',
      expectedMac: device.mac ?? '',
      ...came,
    };
    this.setAvailability(name, came ? 'QUARANTINED' : 'ONLINE');
  }

  changed(it: MockSwitch): void {
    this.tell({ kind: 'switch', id: it.id });
  }

  deviceChanged(device: MockDevice): void {
    this.tell({ kind: 'device', id: device.id });
    for (const it of this.switches.values()) if (it.deviceId === device.id) this.changed(it);
  }

  tell(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }
}
