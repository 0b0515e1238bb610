import { describe, expect, test } from 'vitest';
import type { RelayOfBoard, RelaySettings } from '../../src/api/board-settings';
import { changes, formOf, inWords, ofRemoval, outcomeOf, pulseMs } from '../../src/model/board-settings';

const said = (more: Partial<RelaySettings> = {}): RelaySettings => ({
  powerOn: 'OFF',
  pulseMs: 0,
  interlockGroup: 0,
  wiring: { normallyClosed: false, activeLow: true },
  ...more,
});

const relay = (settings: RelaySettings | null): RelayOfBoard => ({
  id: 's',
  name: 'Gate',
  on: false,
  settings,
});

describe('a pulse as typed', () => {
  test.each([
    ['0.1', 100],
    ['0,5', 500],
    [' 600 ', 600_000],
    ['1.2345', 1235],
  ])('%s is good', (text, ms) => expect(pulseMs(text)).toBe(ms));
  test.each(['', '0', '0.09', '600.1', '-1', '1e3', 'x', '1.', '.5', '1 2'])('"%s" is not', (text) =>
    expect(pulseMs(text)).toBeNull(),
  );
});

describe('what is asked of the board', () => {
  test('is what differs from what it said, and nothing else', () => {
    expect(changes('s', said(), formOf(said()))).toBeNull();
    expect(changes('s', said(), { ...formOf(said()), group: 2, normallyClosed: true })).toEqual({
      switchId: 's',
      interlockGroup: 2,
      normallyClosed: true,
    });
    expect(changes('s', said(), { ...formOf(said()), powerOn: 'RESTORE' })).toEqual({
      switchId: 's',
      powerOn: 'RESTORE',
    });
  });

  test('a pulse takes the place of what it does when power returns', () => {
    const form = {
      ...formOf(said({ powerOn: 'ON' })),
      pulses: true,
      seconds: '0.5',
      powerOn: 'RESTORE' as const,
    };
    expect(changes('s', said({ powerOn: 'ON' }), form)).toEqual({ switchId: 's', pulseMs: 500 });
    expect(
      changes('s', said({ pulseMs: 500 }), { ...formOf(said({ pulseMs: 500 })), pulses: false }),
    ).toEqual({
      switchId: 's',
      pulseMs: 0,
    });
  });

  test('of what it has not said the usual is assumed', () => {
    const unknown = { powerOn: null, pulseMs: null, interlockGroup: null, wiring: null };
    expect(changes('s', unknown, formOf(unknown))).toBeNull();
  });
});

test('settings in words', () => {
  expect(inWords(relay(null))).toContain('Not known');
  expect(inWords(relay(said()))).toBe('Stays off when power returns, pulls at a low level.');
  expect(inWords(relay(said({ powerOn: 'RESTORE', interlockGroup: 3 })))).toBe(
    'Comes back as it was, interlock group 3, pulls at a low level.',
  );
  expect(inWords(relay(said({ pulseMs: 1000 })))).toContain('Turns itself off after 1 second,');
});

test('what the board answered', () => {
  expect(outcomeOf({ outcome: 'CONFIRMED', reason: null })).toBe('');
  expect(outcomeOf({ outcome: 'REFUSED', reason: 'The relay is on.' })).toBe('The relay is on.');
  expect(outcomeOf({ outcome: 'TIMED_OUT', reason: null })).not.toBe('');
});

test('what is said of a deleted device', () => {
  expect(ofRemoval('Gate', { wiped: 'CONFIRMED', reason: null })).toBe('');
  expect(ofRemoval('Gate', { wiped: 'OFFLINE', reason: 'The board is offline.' })).toContain(
    'The board is offline.',
  );
  expect(ofRemoval('Gate', { wiped: null, reason: null })).toContain('Gate is deleted');
});
