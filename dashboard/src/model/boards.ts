import type { Board, Claim, ToldClaim, WifiGiving } from '../api/boards';
import type { Device } from '../api/devices';

/** Boards at the gateway’s own ports. */
export const pluggedIn = (boards: readonly Board[]): Board[] =>
  boards.filter((one) => one.source === 'SERIAL');

/** Boards that say in the network that they are there, by what they are called. */
export const nearby = (boards: readonly Board[]): Board[] =>
  boards
    .filter((one) => one.source === 'MDNS')
    .toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? '') || a.location.localeCompare(b.location));

/** What a board is, in a line. */
export function whatItIs(board: Board): string {
  switch (board.state) {
    case 'READY':
      return board.hasHome ? 'A board that has another home' : 'A new board';
    case 'FOREIGN':
    case 'GIVING_WIFI':
      return `A board with ${board.firmware ?? 'another firmware'}`;
    case 'CLAIMED':
      return board.device ? `The board of ${board.device.name}` : 'A board of this home';
    case 'CLAIMING':
      return board.claim?.name ?? 'A new board';
    case 'FLASHING':
      return 'A board that is being flashed';
    case 'BOOT_LOADER':
      return 'A board that waits to be flashed';
    case 'SILENT':
      return 'Something that does not answer';
    case 'IDENTIFYING':
      return 'Something new';
    case 'NOTICED':
      return 'A serial port';
  }
}

/** How it is, in a few words. */
export function howItIs(board: Board): string {
  switch (board.state) {
    case 'READY':
      return 'Ready to be set up';
    case 'FOREIGN':
      return 'Not one of ours';
    case 'CLAIMED':
      return 'In this home';
    case 'CLAIMING':
      return 'Being set up';
    case 'FLASHING':
      return 'Being flashed';
    case 'GIVING_WIFI':
      return 'Being given Wi-Fi';
    case 'BOOT_LOADER':
      return 'In its boot loader';
    case 'SILENT':
      return 'Silent';
    case 'IDENTIFYING':
      return 'Being asked who it is';
    case 'NOTICED':
      return 'Not looked at';
  }
}

/** Those that somebody may want to do something about come first; the order else is the ports’. */
export function inOrder(boards: readonly Board[]): Board[] {
  const weight: Record<Board['state'], number> = {
    CLAIMING: 0,
    FLASHING: 0,
    GIVING_WIFI: 0,
    READY: 0,
    IDENTIFYING: 1,
    BOOT_LOADER: 2,
    FOREIGN: 2,
    SILENT: 2,
    NOTICED: 3,
    CLAIMED: 4,
  };
  return boards.toSorted((a, b) => weight[a.state] - weight[b.state] || a.location.localeCompare(b.location));
}

/** Boards that wait for somebody to set them up. */
export const waiting = (boards: readonly Board[]): number =>
  boards.filter((one) => one.state === 'READY' && !one.hasHome && !one.claim).length;

/** Claims whose board is waited for although it is not plugged in any more, and those of them that failed. */
export const unplugged = (claims: readonly ToldClaim[]): ToldClaim[] =>
  lost(claims).filter((one) => one.ssid !== null);

/** The same of boards that were claimed in the network: with a home they say no more that they are there. */
export const outOfReach = (claims: readonly ToldClaim[]): ToldClaim[] =>
  lost(claims).filter((one) => one.ssid === null);

const lost = (claims: readonly ToldClaim[]): ToldClaim[] =>
  claims.filter((one) => one.board === null && (!one.progress.done || one.progress.error !== null));

/** What a light can blink. */
export const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** What comes next with a board in the network, of which somebody said that they want to set it up or not. */
export function setUpNearby(
  { state, boardId, claim }: Board,
  chosen: boolean,
): 'nothing' | 'offer' | 'press' | 'form' | 'wait' | 'number' {
  if (state === 'CLAIMING') return claim?.progress.step === 'CONFIRMING' ? 'number' : 'wait';
  if (boardId === null || (state !== 'READY' && state !== 'NOTICED')) return 'nothing';
  if (!chosen) return 'offer';
  return state === 'READY' ? 'form' : 'press';
}

/** Whether somebody may write firmware to it now. */
export const canBeFlashed = ({ state }: Board): boolean =>
  state !== 'FLASHING' && state !== 'CLAIMING' && state !== 'IDENTIFYING' && state !== 'GIVING_WIFI';

/** Whether it can be given Wi-Fi, and no more: it speaks Improv, and its firmware is another’s. */
export const canBeGivenWifi = ({ state, source }: Board): boolean =>
  state === 'FOREIGN' && source === 'SERIAL';

/** A board that was just flashed is there to be set up next. */
export const isFresh = ({ state, flash, claim }: Board): boolean =>
  state === 'READY' && flash?.done === true && flash.error === null && claim === null;

export type StepState = 'done' | 'now' | 'next' | 'failed';

export interface Step {
  name: string;
  state: StepState;
}

const STEPS = [
  ['HANDING_OVER', 'Given this home'],
  ['JOINING', 'In the network'],
  ['CONNECTING', 'At the gateway'],
  ['REGISTERING', 'Written down'],
] as const;

const STEPS_IN_THE_NETWORK = [
  ['MEETING', 'In touch'],
  ['CONFIRMING', 'Known by its number'],
  ['HANDING_OVER', 'Given this home'],
  ['CONNECTING', 'At the gateway'],
  ['REGISTERING', 'Written down'],
] as const;

/** The steps of a claim, and how far each is. A failed one failed at what its progress had not reached. */
export function steps({ progress, ssid }: Claim): Step[] {
  const all = ssid === null ? STEPS_IN_THE_NETWORK : STEPS;
  const reached =
    progress.step === 'DONE'
      ? all.length
      : progress.step === 'FAILED'
        ? (ssid === null ? failedInTheNetworkAt : failedAt)(progress.percent)
        : all.findIndex(([step]) => step === progress.step);
  return upTo(
    all.map(([, name]) => name),
    reached,
    progress.step === 'FAILED',
  );
}

/** The steps of giving Wi-Fi to a board of another firmware, and how far each is. */
export const givingSteps = ({ step, percent }: WifiGiving): Step[] =>
  upTo(['Told the network', 'In the network'], percent >= 100 ? 2 : percent >= 50 ? 1 : 0, step === 'FAILED');

const upTo = (names: readonly string[], reached: number, failed: boolean): Step[] =>
  names.map((name, index) => ({
    name,
    state: index < reached ? 'done' : index > reached ? 'next' : failed ? 'failed' : 'now',
  }));

function failedInTheNetworkAt(percent: number): number {
  if (percent >= 95) return 4;
  if (percent >= 60) return 3;
  if (percent >= 10) return 2;
  return percent >= 8 ? 1 : 0;
}

function failedAt(percent: number): number {
  if (percent >= 95) return 3;
  if (percent >= 60) return 2;
  return percent >= 30 ? 1 : 0;
}

/** How strong a network is at the board, as people say it. */
export function strength(rssi: number): string {
  if (rssi >= -60) return 'strong';
  if (rssi >= -72) return 'good';
  return rssi >= -80 ? 'weak' : 'very weak';
}

/** What a network’s name and password lack; null when nothing. */
export function lacking(ssid: string): string | null {
  return ssid.trim() ? null : 'Choose a network, or type its name.';
}

/** What it means that a board takes the place of a device’s. */
export function inPlaceOf(device: Device): string[] {
  const still =
    device.availability === 'OFFLINE'
      ? []
      : [
          `The board that ${device.name} has now is still there. It works until this one has come, and no longer.`,
        ];
  return [
    `${device.name} keeps its name, room, switches, history and what was shared of it.`,
    ...still,
    'Wiring, pulse, interlock and what a relay does when power returns are the new board’s own: set them again before anything that is dangerous hangs on it.',
  ];
}

/** Boards that can take the place of a device’s now. */
export const spare = (boards: readonly Board[]): Board[] =>
  pluggedIn(boards).filter((one) => one.state === 'READY');

/** Ports that are left alone because this device’s board was there; another may be there now. */
export const leftAlone = (boards: readonly Board[], device: string): Board[] =>
  pluggedIn(boards).filter(
    (one) => one.device?.id === device && one.boardId === null && one.state === 'CLAIMED',
  );
