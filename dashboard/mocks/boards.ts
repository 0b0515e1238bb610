/** Boards that are plugged into the fake gateway or in its network, and how they become devices. */
import type { Board, Claim, ClaimDeviceInput, Flash, ToldClaim, WifiGiving } from '../src/api/boards';
import type { FlashBoardInput } from '../src/api/flashing';
import type { GiveWifiInput } from '../src/api/giving';
import { inside, known, nameFrom, refuse, type Input } from './asking';
import type { World } from './world';

type Progress = NonNullable<Board['claim']>['progress'];

/** A board as it comes out of its bag. */
const BARE: Omit<Board, 'id'> = {
  source: 'SERIAL',
  name: null,
  location: '/dev/ttyUSB0',
  state: 'READY',
  advice: null,
  boardId: 'relay-a1b2c3',
  model: 'nodemcuv2',
  mac: '5c:cf:7f:a1:b2:c3',
  firmware: 'Gatehouse 0.1.0',
  relays: 2,
  hasHome: false,
  networks: [
    { ssid: 'Alder', rssi: -52, protected: true },
    { ssid: 'Café next door', rssi: -84, protected: false },
  ],
  device: null,
  flash: null,
  wifiGiving: null,
  claim: null,
};

export class Boards extends Map<string, Board> {
  /** The password that the networks take. */
  password = 'blue curtain';

  /** What the light of a board in the network blinks. */
  number = 5;

  /** Claims whose board went on without its cable. */
  readonly without = new Map<string, Claim>();

  constructor(private readonly world: World) {
    super();
  }

  /** All claims, as they are told of. */
  claims(): ToldClaim[] {
    const plugged = [...this.values()].flatMap(({ id, claim }) =>
      claim ? [{ ...claim, board: { id } }] : [],
    );
    return [...plugged, ...[...this.without.values()].map((claim) => ({ ...claim, board: null }))];
  }

  plug(facts: Partial<Board> = {}): Board {
    const board = { ...BARE, ...facts, id: this.world.id('b') };
    this.change(board.id, board);
    return board;
  }

  /** A board says in the network that it is there. */
  appear(facts: Partial<Board>): Board {
    const said = { source: 'MDNS', state: 'FOREIGN', boardId: null, relays: null } as const;
    return this.plug({ ...said, networks: [], ...facts });
  }

  unplug(id: string): void {
    const claim = this.get(id)?.claim;
    // One that has joined the network is waited for.
    if (claim?.progress.step === 'CONNECTING') this.without.set(claim.id, claim);
    this.delete(id);
    this.world.tell({ kind: 'boards' });
  }

  change(id: string, facts: Partial<Board>): void {
    this.set(id, { ...BARE, ...this.get(id), ...facts, id });
    this.world.tell({ kind: 'boards' });
  }

  /** The claim of a board is as far as this. */
  progress(id: string, progress: Progress): void {
    const { claim } = known(this, id);
    if (!claim) return;
    const state = progress.done ? 'READY' : 'CLAIMING';
    this.change(id, { state, claim: { ...claim, progress } });
  }

  /** The board of an open claim has logged in. */
  arrives(id: string): void {
    const { claim } = known(this, id);
    const replaced = claim?.replaces && this.world.devices.get(claim.replaces.id);
    const device = replaced ?? this.world.addDevice(claim?.name ?? 'Board', null);
    if (!replaced) this.world.addSwitch(device.name, device);
    this.world.tell({ kind: 'device', id: device.id });
    this.progress(id, {
      step: 'DONE',
      percent: 100,
      message: replaced ? `${device.name} has its new board.` : `${device.name} is ready.`,
      done: true,
      error: null,
    });
    this.change(id, { state: 'CLAIMED', device: { id: device.id, name: device.name } });
  }

  /** The flash of a board is as far as this; what comes after it, it says itself. */
  flashing(id: string, facts: Partial<Flash>): void {
    const { flash } = known(this, id);
    if (!flash) return;
    const next = { ...flash, ...facts };
    this.change(id, { state: next.done ? 'BOOT_LOADER' : 'FLASHING', flash: next });
  }

  /** A board of another firmware is as far into the network as this. */
  giving(id: string, facts: Partial<WifiGiving>): void {
    const { wifiGiving } = known(this, id);
    if (!wifiGiving) return;
    const next = { ...wifiGiving, ...facts };
    this.change(id, { state: next.done ? 'FOREIGN' : 'GIVING_WIFI', wifiGiving: next });
  }

  /** The network does not take the password. */
  wrongPassword(id: string): void {
    const ssid = this.get(id)?.claim?.ssid;
    const message = `The network “${ssid}” did not take the password. Type it again.`;
    this.progress(id, { step: 'FAILED', percent: 40, message, done: true, error: 'WRONG_PASSWORD' });
  }
}

export const boardQueries = (world: World) => ({
  boards: inside(world, () => [...world.boards.values()]),
  firmwareImages: inside(world, () => IMAGES),
});

const HANDING_OVER = 'The board is given its home.';
const MEETING = 'The gateway and the board get to know each other.';

const IMAGES = [
  { name: 'gatehouse-nodemcuv2-0.2.0.bin', version: '0.2.0', sha256: '5a'.repeat(32), size: 431_200 },
  { name: 'gatehouse-d1mini.bin', version: null, sha256: 'c3'.repeat(32), size: 431_184 },
];

function refuseShort(password: string | null | undefined): void {
  if (!password || password.length >= 8) return;
  const message =
    'The password of a network has 8 to 63 printable characters of ASCII, or is 64 hexadecimal digits.';
  throw refuse('BAD_INPUT', message, { field: 'password' });
}

export const boardMutations = (world: World) => ({
  claimDevice: inside(world, ({ input }: Input<ClaimDeviceInput>, { session }) => {
    const board = known(world.boards, input.boardId);
    const { ssid, password } = input.wifi ?? { ssid: null, password: null };
    refuseShort(password);
    const replaced = input.replacesDeviceId ? known(world.devices, input.replacesDeviceId) : null;
    const name = input.name ? nameFrom(input.name) : (replaced?.name ?? board.boardId ?? 'Board');
    const begun = input.wifi
      ? (['HANDING_OVER', 10, HANDING_OVER] as const)
      : (['MEETING', 5, MEETING] as const);
    const [step, percent, message] = begun;
    const progress = { step, percent, message, done: false, error: null };
    const by = { name: world.whoIs(session).name };
    const replaces = replaced && { id: replaced.id };
    const claim = { id: world.id('p'), name, ssid, by, replaces, progress };
    world.boards.change(board.id, { state: 'CLAIMING', claim });
    return claim;
  }),
  confirmClaim: inside(world, ({ input }: Input<{ claimId: string; number: number }>) => {
    const board = [...world.boards.values()].find((one) => one.claim?.id === input.claimId);
    if (board?.claim?.progress.step !== 'CONFIRMING') {
      throw refuse('CONFLICT', 'This claim does not wait for a number.');
    }
    const wrong = 'That is not the number that this board has to blink.';
    const right = input.number === world.boards.number;
    world.boards.progress(
      board.id,
      right
        ? { step: 'HANDING_OVER', percent: 10, message: HANDING_OVER, done: false, error: null }
        : { step: 'FAILED', percent: 8, message: wrong, done: true, error: 'WRONG_NUMBER' },
    );
    return world.boards.get(board.id)?.claim;
  }),
  cancelClaim: inside(world, ({ input: { claimId } }: Input<{ claimId: string }>) => {
    const message = 'It was cancelled.';
    const cancelled = { step: 'FAILED', percent: 10, message, done: true, error: 'CANCELLED' } as const;
    const without = world.boards.without.get(claimId);
    if (without) {
      world.boards.without.set(claimId, { ...without, progress: cancelled });
      world.tell({ kind: 'boards' });
      return world.boards.without.get(claimId);
    }
    const board = [...world.boards.values()].find((one) => one.claim?.id === claimId);
    if (!board?.claim) throw refuse('NOT_FOUND', 'There is no such claim.');
    world.boards.progress(board.id, cancelled);
    return world.boards.get(board.id)?.claim;
  }),
  flashBoard: inside(world, ({ input }: Input<FlashBoardInput>) => {
    const board = known(world.boards, input.boardId);
    if (board.device && !input.evenADevice) throw refuse('CONFLICT', 'This is the board of a device.');
    const image = IMAGES.find(({ name }) => name === input.image);
    if (!image) throw refuse('BAD_INPUT', 'The gateway holds no such image.', { field: 'image' });
    const { name, version } = image;
    const flash: Flash = {
      id: world.id('u'),
      image: { name, version },
      step: 'CONNECTING',
      percent: 0,
      message: 'The board’s boot loader is called.',
      done: false,
      error: null,
    };
    world.boards.change(board.id, { state: 'FLASHING', flash });
    return world.boards.get(board.id);
  }),
  cancelFlash: inside(world, ({ input: { boardId } }: Input<{ boardId: string }>) => {
    known(world.boards, boardId);
    const message = 'It was cancelled. Flash the board again: it may not start before that.';
    world.boards.flashing(boardId, { step: 'FAILED', message, done: true, error: 'CANCELLED' });
    return world.boards.get(boardId);
  }),
  giveWifi: inside(world, ({ input }: Input<GiveWifiInput>) => {
    const board = known(world.boards, input.boardId);
    const { ssid, password } = input.wifi;
    refuseShort(password);
    const wifiGiving: WifiGiving = {
      id: world.id('w'),
      ssid,
      firmware: board.firmware ?? '',
      step: 'TELLING',
      percent: 10,
      message: `The board is told the network “${ssid}”.`,
      done: false,
      error: null,
      url: null,
    };
    world.boards.change(board.id, { state: 'GIVING_WIFI', wifiGiving });
    return world.boards.get(board.id);
  }),
  cancelGiveWifi: inside(world, ({ input: { boardId } }: Input<{ boardId: string }>) => {
    known(world.boards, boardId);
    const message = 'It was cancelled. The board may have been told the network already.';
    world.boards.giving(boardId, { step: 'FAILED', message, done: true, error: 'CANCELLED' });
    return world.boards.get(boardId);
  }),
  identifyBoard: inside(world, ({ input: { boardId } }: Input<{ boardId: string }>) => {
    known(world.boards, boardId);
    world.boards.change(boardId, { state: 'IDENTIFYING', claim: null });
    return world.boards.get(boardId);
  }),
});
