import { describe, expect, it } from 'vitest';
import type { WifiChange, WifiMove } from '../../src/api/wifi';
import { leftBehind, movesOf, ofMove, standing } from '../../src/model/wifi';

const move = (id: string | null, state: WifiMove['state']): WifiMove => ({
  state,
  message: state,
  device: id === null ? null : { id, name: id },
});
const change = (done: boolean, ...moves: WifiMove[]): WifiChange => ({
  ssid: 'Alder',
  done,
  by: { name: 'Ana' },
  moves,
});

describe('boards that are given another network', () => {
  it('are left behind unless they are known to be there, once nothing more comes', () => {
    const moves = [move('a', 'CHANGED'), move('b', 'FELL_BACK'), move('c', 'SILENT'), move(null, 'OFFLINE')];
    expect(leftBehind(change(true, ...moves))).toEqual(['b', 'c']);
    expect(leftBehind(change(false, ...moves))).toEqual([]);
    expect(leftBehind(null)).toEqual([]);
  });

  it('are shown all, or the one of a device', () => {
    const two = change(true, move('a', 'CHANGED'), move('b', 'TRYING'));
    expect(movesOf(two, null)).toHaveLength(2);
    expect(movesOf(two, 'b')).toEqual([two.moves[1]]);
    expect(movesOf(null, 'b')).toEqual([]);
  });

  it('look as they are: one that is on its way is not there yet, and one that is silent is not known', () => {
    expect(ofMove(move('a', 'TRYING'))).toEqual({ look: 'now', word: 'On its way' });
    expect(ofMove(move('a', 'CHANGED'))).toEqual({ look: 'done', word: 'There' });
    expect(ofMove(move('a', 'SILENT'))).toEqual({ look: 'failed', word: 'Not known' });
  });

  it('are counted in a line', () => {
    expect(standing(change(true, move('a', 'CHANGED')))).toBe('1 of 1 board got to “Alder”.');
    expect(standing(change(false, move('a', 'CHANGED'), move('b', 'WAITING')))).toBe(
      'So far 1 of 2 boards got to “Alder”, one after the other.',
    );
  });
});
