import { expect, test } from 'vitest';
import type { Board, Claim, WifiGiving } from '../../src/api/boards';
import {
  canBeFlashed,
  canBeGivenWifi,
  givingSteps,
  howItIs,
  inOrder,
  lacking,
  nearby,
  pluggedIn,
  steps,
  strength,
  unplugged,
  waiting,
  whatItIs,
} from '../../src/model/boards';

const board = (location: string, state: Board['state'], facts: Partial<Board> = {}): Board => ({
  id: location,
  source: 'SERIAL',
  name: null,
  location,
  state,
  advice: null,
  boardId: null,
  model: null,
  mac: null,
  firmware: null,
  relays: null,
  hasHome: false,
  networks: [],
  device: null,
  flash: null,
  wifiGiving: null,
  claim: null,
  ...facts,
});

const claim = (step: Claim['progress']['step'], percent: number): Claim => ({
  id: 'p1',
  name: 'Porch',
  ssid: 'Alder',
  by: { name: 'Ana' },
  replaces: null,
  progress: { step, percent, message: '', done: false, error: null },
});

test('what can be set up comes first, what is set up last', () => {
  const all = [board('c', 'CLAIMED'), board('b', 'SILENT'), board('z', 'READY'), board('a', 'CLAIMING')];
  expect(inOrder(all).map((one) => one.location)).toEqual(['a', 'z', 'b', 'c']);
  expect(waiting([...all, board('y', 'READY', { hasHome: true })])).toBe(1);
});

test('what is waited for without its cable is shown, and so is what failed there', () => {
  const told = (board: { id: string } | null, done: boolean, error: 'CANCELLED' | null) => {
    const one = claim('CONNECTING', 70);
    return { ...one, board, progress: { ...one.progress, done, error } };
  };
  const all = [
    told({ id: 'b1' }, false, null),
    told(null, false, null),
    told(null, true, null),
    told(null, true, 'CANCELLED'),
  ];
  expect(unplugged(all)).toEqual([all[1], all[3]]);
});

test('boards in the network are apart from those that are plugged in', () => {
  const inNetwork = (name: string) => board('192.168.1.7', 'FOREIGN', { source: 'MDNS', name });
  const all = [inNetwork('Fan'), board('a', 'READY'), inNetwork('Attic')];
  expect(pluggedIn(all).map((one) => one.location)).toEqual(['a']);
  expect(nearby(all).map((one) => one.name)).toEqual(['Attic', 'Fan']);
});

test('steps are done up to where a claim is, and failed where it ended', () => {
  const states = (step: Claim['progress']['step'], percent: number) =>
    steps(claim(step, percent)).map((one) => one.state);
  expect(states('HANDING_OVER', 10)).toEqual(['now', 'next', 'next', 'next']);
  expect(states('CONNECTING', 70)).toEqual(['done', 'done', 'now', 'next']);
  expect(states('DONE', 100)).toEqual(['done', 'done', 'done', 'done']);
  expect(states('FAILED', 10)).toEqual(['failed', 'next', 'next', 'next']);
  expect(states('FAILED', 40)).toEqual(['done', 'failed', 'next', 'next']);
  expect(states('FAILED', 80)).toEqual(['done', 'done', 'failed', 'next']);
  expect(states('FAILED', 95)).toEqual(['done', 'done', 'done', 'failed']);
});

test('a network is strong or weak, and needs a name', () => {
  expect([-40, -60, -61, -73, -81].map(strength)).toEqual(['strong', 'strong', 'good', 'weak', 'very weak']);
  expect([lacking('Alder'), lacking('  ')]).toEqual([null, 'Choose a network, or type its name.']);
});

test('a board of another firmware at a port is given Wi-Fi, and meanwhile nothing else', () => {
  const firmware = 'ESPHome 2026.10.0';
  const foreign = board('a', 'FOREIGN', { firmware });
  const giving = board('a', 'GIVING_WIFI', { firmware });
  expect([foreign, giving].map(canBeGivenWifi)).toEqual([true, false]);
  expect([foreign, giving].map(canBeFlashed)).toEqual([true, false]);
  expect(canBeGivenWifi(board('b', 'FOREIGN', { source: 'MDNS' }))).toBe(false);
  expect(
    ['READY', 'BOOT_LOADER', 'SILENT'].map((one) => canBeGivenWifi(board('b', one as Board['state']))),
  ).toEqual([false, false, false]);
  expect([foreign, giving].map(whatItIs)).toEqual(Array(2).fill('A board with ESPHome 2026.10.0'));
  expect(howItIs(giving)).toBe('Being given Wi-Fi');
  expect(inOrder([foreign, board('b', 'GIVING_WIFI')]).map((one) => one.location)).toEqual(['b', 'a']);
});

test('giving Wi-Fi has two steps, and fails at the one that was not reached', () => {
  const states = (step: WifiGiving['step'], percent: number) =>
    givingSteps({ step, percent } as WifiGiving).map((one) => one.state);
  expect(states('TELLING', 10)).toEqual(['now', 'next']);
  expect(states('JOINING', 50)).toEqual(['done', 'now']);
  expect(states('DONE', 100)).toEqual(['done', 'done']);
  expect(states('FAILED', 10)).toEqual(['failed', 'next']);
  expect(states('FAILED', 50)).toEqual(['done', 'failed']);
});
